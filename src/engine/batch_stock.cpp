#include "engine/batch_stock.hpp"

#include <bit>
#include <new>
#include <utility>

namespace parwork::detail {

namespace {

// Batches are kept by the logarithm of their capacity.
unsigned size_of(std::uint32_t slots) noexcept {
  return static_cast<unsigned>(std::bit_width(slots - 1));
}

}  // namespace

batch* batch_stock::get(worker& w, std::uint32_t slots) {
  const unsigned size = size_of(slots);
  if (size < spare_batches::sizes && w.spare.first[size] != nullptr) {
    batch* const b = std::exchange(w.spare.first[size], w.spare.first[size]->next);
    --w.spare.count[size];
    b->next = nullptr;
    return b;
  }
  if (kept_ == spares::all) {
    if (batch* const b = take_shared(size); b != nullptr) return b;
  }
  return hooks_.make_batch(std::uint32_t{1} << size);
}

batch* batch_stock::take_shared(unsigned size) noexcept {
  const lock_guard guard(shared_lock_);
  batch* const b = shared_[size];
  if (b != nullptr) shared_[size] = std::exchange(b->next, nullptr);
  return b;
}

void batch_stock::put_shared(batch& b, unsigned size) noexcept {
  b.reset();
  const lock_guard guard(shared_lock_);
  b.next = std::exchange(shared_[size], &b);
}

batch* batch_stock::try_get(worker& w, std::uint32_t slots) noexcept {
  try {
    return get(w, slots);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void batch_stock::put(worker& w, batch& b) noexcept {
  const unsigned size = size_of(b.capacity);
  if (size >= spare_batches::sizes || w.spare.count[size] >= spare_batches::most) {
    if (kept_ == spares::all) return put_shared(b, size);
    const lock_guard guard(hint_lock_);
    return hooks_.free_batch(&b);
  }
  b.reset();
  b.next = std::exchange(w.spare.first[size], &b);
  ++w.spare.count[size];
}

void batch_stock::empty(worker& w) noexcept {
  for (batch*& first : w.spare.first) free_list(std::exchange(first, nullptr), &batch::next);
}

void batch_stock::empty_shared() noexcept {
  if (kept_ != spares::all) return;
  const lock_guard guard(shared_lock_);
  for (batch*& first : shared_) free_list(std::exchange(first, nullptr), &batch::next);
}

void batch_stock::free_list(batch* first, batch* batch::* link) noexcept {
  while (first != nullptr) hooks_.free_batch(std::exchange(first, first->*link));
}

}  // namespace parwork::detail
