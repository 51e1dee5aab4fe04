#include "engine/alarm.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include <sys/timerfd.h>
#include <unistd.h>

namespace parwork::detail {

alarm_clock::alarm_clock() noexcept : file_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {}

alarm_clock::~alarm_clock() {
  if (file_ >= 0) close(file_);
}

void alarm_clock::set(time_point when) noexcept {
  if (file_ < 0) {
    when_.store(when);
    changed_.unpark();
    return;
  }
  itimerspec at{};  // all zeros: disarmed
  if (when != time_point::max()) {
    const auto since_boot =
        std::max<std::int64_t>(1, std::chrono::nanoseconds(when.time_since_epoch()).count());
    at.it_value.tv_sec = static_cast<std::time_t>(since_boot / 1'000'000'000);
    at.it_value.tv_nsec = static_cast<long>(since_boot % 1'000'000'000);
  }
  const int saved = errno;
  timerfd_settime(file_, TFD_TIMER_ABSTIME, &at, nullptr);
  errno = saved;
}

void alarm_clock::wait() noexcept {
  if (file_ < 0) {
    const time_point when = when_.load();
    if (when == time_point::max()) return changed_.park();
    return changed_.park_until(when);
  }
  std::uint64_t times = 0;
  while (read(file_, &times, sizeof times) < 0 && errno == EINTR) {
  }
}

}  // namespace parwork::detail
