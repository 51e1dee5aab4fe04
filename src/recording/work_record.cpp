#include "parwork/detail/work_record.hpp"

#include "base/tick_clock.hpp"

namespace parwork::detail {

std::int64_t wait_record::begin() noexcept {
  const std::int64_t now = tick_clock::count();
  count_.fetch_add(1);
  time_.fetch_sub(now);
  return now;
}

void wait_record::withdraw(std::int64_t begun) noexcept {
  count_.fetch_sub(1);
  time_.fetch_add(begun);
}

void wait_record::end() noexcept { time_.fetch_add(tick_clock::count()); }

}  // namespace parwork::detail
