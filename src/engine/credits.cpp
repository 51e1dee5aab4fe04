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

bool credits::grow() noexcept {
  std::uint64_t now = bound();
  if (now >= limit_ || is_closed()) return false;
  const std::uint64_t delivered = delivered_.load();  // first: it is never more than was produced
  if (produced() - delivered < now) return false;
  const std::uint64_t next = now > limit_ / 2 ? limit_ : 2 * now;
  return bound_.compare_exchange_strong(now, next);
}

bool credits::take_memory(std::uint64_t bytes) noexcept {
  if (!has_memory_for(bytes)) {
    awaited_.store(bytes < nothing ? bytes : nothing - 1);
    return false;
  }
  // Relaxed where this thread alone writes.
  if (awaited_.load(std::memory_order_relaxed) != nothing) awaited_.store(nothing);
  const std::uint64_t taken = taken_bytes_.load(std::memory_order_relaxed) + bytes;
  taken_bytes_.store(taken, std::memory_order_release);  // partner: bytes_in_flight
  const std::uint64_t in_flight = taken - given_bytes_.load();
  if (in_flight > peak_bytes_.load(std::memory_order_relaxed)) {
    peak_bytes_.store(in_flight, std::memory_order_relaxed);  // a statistic, read after the run
  }
  return true;
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
