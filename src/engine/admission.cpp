#include "engine/admission.hpp"

namespace parwork::detail {

// Relaxed: nobody else can reach the batch yet, and handing it on orders these.
void admission::set_marks(batch& b, std::uint32_t from, std::uint32_t upto) noexcept {
  b.start.store(from, std::memory_order_relaxed);
  b.limit.store(upto, std::memory_order_relaxed);
  b.finished.store(from, std::memory_order_relaxed);
  b.delivered.store(from, std::memory_order_relaxed);
  b.claimed.store(from, std::memory_order_relaxed);
}

void admission::admit(batch& b, std::uint32_t from, std::uint32_t upto) noexcept {
  set_marks(b, from, upto);
  if (from == upto) return;
  const std::uint64_t count = upto - from;
  const std::uint64_t before = credits_.take(count);
  const std::uint64_t index = counts_positions_ ? before : indices_.fetch_add(count);
  b.first_index = index - from;
  if (window_ != nullptr) window_->append(b);
}

void admission::count_next(batch& b, std::uint32_t filled) noexcept {
  const std::uint64_t index = credits_.take(1);
  if (filled == 1) b.first_index = index;
}

void admission::admit_counted(batch& b, std::uint32_t from, std::uint32_t upto) noexcept {
  set_marks(b, from, upto);
  b.claimed.store(upto, std::memory_order_relaxed);  // as above: thieves find nothing to take
  if (window_ != nullptr) window_->append(b);
}

std::uint64_t admission::next() noexcept {
  const std::uint64_t nth = indices_.fetch_add(1);
  return size_ ? *size_ + nth : nth;
}

}  // namespace parwork::detail
