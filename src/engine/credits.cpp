#include "engine/credits.hpp"

namespace parwork::detail {

std::uint64_t credits::take(std::uint64_t count) noexcept {
  const std::uint64_t before = produced_.load();
  produced_.store(before + count, std::memory_order_release);  // partner: is_drained, room
  note_peak(before + count - delivered_.load());
  return before;
}

void credits::give_back(std::uint32_t count) noexcept {
  if (givers_ == givers::many) {
    delivered_.fetch_add(count);
    return;
  }
  const std::uint64_t now = delivered_.load(std::memory_order_relaxed) + count;  // its own store
  if (now == produced()) {
    delivered_.exchange(now);
  } else {
    delivered_.store(now, std::memory_order_release);  // partner: room
  }
}

void credits::close() noexcept {
  if (form_ != form::batches) produced_.fetch_or(no_more_claims);
  closed_.store(true);
}

void credits::note_peak(std::uint64_t in_flight) noexcept {
  std::uint64_t peak = peak_.load(std::memory_order_relaxed);  // a statistic, read after the run
  while (in_flight > peak &&
         !peak_.compare_exchange_weak(peak, in_flight, std::memory_order_relaxed)) {
  }
}

}  // namespace parwork::detail
