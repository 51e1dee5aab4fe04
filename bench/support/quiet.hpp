// Waiting for moments in which nobody else uses the processors.
//
// Thread safety: none. What others use is read from /proc/stat, the time that a hypervisor took
// away
// ("steal") included; on systems without it nothing waits.
#pragma once

#include <chrono>
#include <optional>

#include "support/results.hpp"

namespace bench {

/// Keeps account of the cores that others use: all processes but this one and its children that
/// have ended.
class others_watch {
 public:
  /// Cores in use by others since it was made, on average; nothing where the system does not tell.
  [[nodiscard]] std::optional<double> cores() const;

  /// Since it was made.
  [[nodiscard]] std::chrono::duration<double> elapsed() const { return clock::now() - began_; }

 private:
  using clock = std::chrono::steady_clock;

  static std::optional<double> others_seconds();

  clock::time_point began_ = clock::now();
  std::optional<double> before_ = others_seconds();
};

/// Lets each block of a measurement begin in a quiet moment, as long as its patience lasts.
///
/// A block is begun at once where the one before was quiet. Where others used more than 0.15 cores
/// in it, wait() sleeps 100 ms at a time until they do not. Sleeping changes what is measured: for
/// some 50 ms afterwards the kernel may leave all threads of this process on one core.
class quiet_moments {
 public:
  /// `patience`: how long all waits together may take; zero: never waits. `expected`: cores that
  /// are busy by intent.
  quiet_moments(std::chrono::milliseconds patience, double expected)
      : patience_(patience), expected_(expected) {}

  /// Call before each block; what comes before half a second is over counts as the same block.
  /// Returns in a quiet moment, or when patience is at its end. True: it slept, so that a run that
  /// is not counted should come first.
  bool wait();

  /// Call after the last block. Adds the conditions blocks, noisy_blocks, waited_s and
  /// blocks_begun_noisy; none where it never waits.
  void report(results& into);

 private:
  [[nodiscard]] bool quiet_since_begin() const;
  void end_block();
  void wait_for_quiet();

  std::chrono::milliseconds patience_;
  double expected_;
  std::optional<others_watch> block_;
  std::chrono::duration<double> waited_{0};
  int blocks_ = 0;
  int noisy_blocks_ = 0;
  int begun_noisy_ = 0;
};

}  // namespace bench
