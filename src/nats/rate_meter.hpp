// How many a second, over the last seconds.
//
// Thread safety: one thread at a time. Invariant: a rate is of a second or more, and of the latest
// that has been looked at.
#pragma once

#include <chrono>
#include <cstdint>

namespace parwork::nats::detail {

class rate_meter {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit rate_meter(time_point now) noexcept : since_(now) {}

  /// `count`: of all so far. Looks at the clock's time that it is given alone.
  [[nodiscard]] double at(std::uint64_t count, time_point now) noexcept {
    const std::chrono::duration<double> passed = now - since_;
    if (passed >= std::chrono::seconds(1)) {
      rate_ = static_cast<double>(count - counted_) / passed.count();
      counted_ = count;
      since_ = now;
    }
    return rate_;
  }

 private:
  time_point since_;
  std::uint64_t counted_ = 0;
  double rate_ = 0;
};

}  // namespace parwork::nats::detail
