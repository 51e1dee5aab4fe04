// Holds starts back while the machine is busy or short of memory: --load and --memfree.
//
// Thread safety: a start_policy is one thread's; a throttle is made and destroyed by one thread.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "jobs/machine.hpp"
#include "options/throttle_limits.hpp"

namespace cli {

/// Decides from what was measured.
class start_policy {
 public:
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  struct decision {
    std::uint64_t starts = unlimited;  // before the next look
    bool end_youngest = false;
    std::string why = {};  // nothing is started at all
  };

  /// `cpus`: what per cents of the load are of.
  start_policy(const throttle_limits& limits, unsigned cpus) : limits_(limits), cpus_(cpus) {}

  /// The load counts as the highest of the last second's, so that what was just started is seen.
  [[nodiscard]] decision look(std::optional<unsigned> runnable,
                              const std::optional<memory_state>& memory);

  /// The floor in bytes. REQUIRES: there is one.
  [[nodiscard]] std::uint64_t floor_of(const memory_state& memory) const;

 private:
  void look_at_load(unsigned runnable, decision& made);
  void look_at_memory(const memory_state& memory, decision& made) const;

  static constexpr std::size_t looks = 4;  // of a second

  const throttle_limits limits_;
  const unsigned cpus_;
  std::array<unsigned, looks> last_{};
  std::size_t next_ = 0;
};

/// What a throttle does with its decisions.
struct throttle_actions {
  std::function<void(std::uint64_t)> allow;  // so many starts until the next call
  std::function<void()> end_youngest;
  std::function<bool()> is_idle;  // nothing runs
  std::function<void(const std::string&)> say;
};

/// Looks four times a second.
class throttle {
 public:
  /// Makes the first decision before it returns. Throws cli::error where the machine does not tell
  /// what is needed, or has less memory than is to be left.
  throttle(const throttle_limits& limits, throttle_actions actions);
  throttle(const throttle&) = delete;
  throttle& operator=(const throttle&) = delete;
  ~throttle();

 private:
  void look();
  void run();

  const machine machine_;
  const throttle_limits limits_;
  start_policy policy_;
  const throttle_actions actions_;
  bool said_ = false;
  std::mutex mutex_;  // of over_
  std::condition_variable over_changed_;
  bool over_ = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace cli
