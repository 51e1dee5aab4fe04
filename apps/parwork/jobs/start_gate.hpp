// When the next job may be started, apart from slots and jobs: --delay, --load, --memfree, and
// while the run is held.
//
// Thread safety: none of its own: it is part of what the queue's mutex guards.
//
// Invariants:
// 1. With a delay one start is under way at a time, so that the time between two of them counts
//    from when the first one's program ran.
// 2. Without a delay nothing here reads the clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "support/awake_clock.hpp"

namespace cli {

class start_gate {
 public:
  using clock = awake_clock;
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  /// `delay`: at least so much between two starts.
  explicit start_gate(std::chrono::nanoseconds delay) : delay_(delay) {}

  /// From when on a job may be started; nothing where somebody else says so later: who ends the
  /// start that is under way, or who lets the run go on.
  [[nodiscard]] std::optional<clock::time_point> opens() const noexcept {
    if (held_ || under_way_ || starts_ == 0) return std::nullopt;
    return next_;
  }

  /// Whether a job may be started at once.
  [[nodiscard]] bool is_open() const {
    if (held_ || under_way_ || starts_ == 0) return false;
    return next_ == clock::time_point::min() || next_ <= clock::now();
  }

  /// A start begins, and is over: with a process or without.
  void begin() noexcept {
    under_way_ = is_paced();
    if (starts_ != unlimited) --starts_;
  }
  void end() {
    under_way_ = false;
    if (is_paced()) next_ = clock::now() + delay_;
  }
  /// It came to nothing, and counts for none.
  void undo() noexcept {
    under_way_ = false;
    if (starts_ != unlimited) ++starts_;
  }

  /// So many starts from now on, until it is said anew.
  void allow(std::uint64_t starts) noexcept { starts_ = starts; }

  /// While this process is stopped, and so are its jobs.
  void hold() noexcept { held_ = true; }
  void go_on() noexcept { held_ = false; }

  [[nodiscard]] bool is_paced() const noexcept { return delay_.count() > 0; }

 private:
  const std::chrono::nanoseconds delay_;
  clock::time_point next_ = clock::time_point::min();
  std::uint64_t starts_ = unlimited;
  bool under_way_ = false;
  bool held_ = false;
};

}  // namespace cli
