// Lets one thread sleep until a time that others may change.
//
// A timerfd: to set it costs half a microsecond, where to wake the thread so that it sleeps anew
// costs six (measured on the machine of docs/performance.md). Without one (no file descriptor left)
// the thread is woken. Thread safety: `set` by one thread at a time; `wait` by one thread, also
// meanwhile.
#pragma once

#include <chrono>

#include "engine/parker.hpp"

namespace parwork::detail {

class alarm_clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  alarm_clock() noexcept;
  ~alarm_clock();
  alarm_clock(const alarm_clock&) = delete;
  alarm_clock& operator=(const alarm_clock&) = delete;

  // From now on `wait` returns at that time, or at once where it is past; time_point::max(): not
  // before the next `set`.
  void set(time_point when) noexcept;
  // Returns when the time has come, now and then earlier.
  void wait() noexcept;

 private:
  int file_ = -1;
  std::atomic<time_point> when_{time_point::max()};  // used without a file
  parker changed_;
};

}  // namespace parwork::detail
