// Lets one thread sleep until a time that others may change.
//
// A futex and no timerfd: a program that closes all descriptors and goes on (a daemon) must not
// take its timers away. To wake the thread costs about 6 us (measured on the machine of
// docs/performance.md), so it is woken only where it would sleep too long: a time that is put off
// leaves it to wake once for nothing. Thread safety: `set` by one thread at a time; `wait` by one
// thread, also meanwhile.
#pragma once

#include <atomic>
#include <chrono>

#include "engine/parker.hpp"

namespace parwork::detail {

class alarm_clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  alarm_clock() = default;
  alarm_clock(const alarm_clock&) = delete;
  alarm_clock& operator=(const alarm_clock&) = delete;

  // From now on `wait` returns at that time, or at once where it is past; time_point::max(): not
  // before the next `set`.
  void set(time_point when) noexcept;
  // Returns when the time has come, now and then earlier.
  void wait() noexcept;

 private:
  std::atomic<time_point> when_{time_point::max()};
  parker changed_;
};

}  // namespace parwork::detail
