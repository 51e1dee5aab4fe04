#include "parwork/detail/pace.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace parwork::detail {

namespace {

std::chrono::nanoseconds slot_of(double per_second) {
  if (!(per_second > 0)) {
    std::ostringstream text;
    text << "parwork::paced: per_second is " << per_second << ", expected a rate above 0";
    throw std::invalid_argument(text.str());
  }
  constexpr double longest = 1e18;  // 31 years, far from overflow
  return std::chrono::nanoseconds(
      static_cast<std::chrono::nanoseconds::rep>(std::min(1e9 / per_second, longest)));
}

}  // namespace

pace::pace(double per_second) : slot_(slot_of(per_second)) {}

void pace::taken(clock::time_point now) noexcept {
  const bool late = due_ < now - made_up_for;
  due_ = (late ? now : due_) + slot_;
}

wait_end wait_until(pace::clock::time_point when, const std::stop_token& stop) {
  if (stop.stop_requested()) return wait_end::stopped;
  if (pace::clock::now() >= when) return wait_end::due;
  if (!stop.stop_possible()) {
    std::this_thread::sleep_until(when);
    return wait_end::due;
  }
  std::mutex mutex;
  std::condition_variable_any requested;
  std::unique_lock lock(mutex);
  requested.wait_until(lock, stop, when, [] { return false; });
  return stop.stop_requested() ? wait_end::stopped : wait_end::due;
}

}  // namespace parwork::detail
