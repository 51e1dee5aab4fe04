// Batches that no worker has: whoever comes first takes the oldest. A generator's own thread puts
// them here, and so does who hands back an item that waited.
//
// Thread safety: any thread. Contract: what was written to a batch before `put` is visible to who
// takes it. Who puts one calls wakeups::notify afterwards.
#pragma once

#include <atomic>
#include <cstdint>

#include "parwork/detail/batch.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class offered_batches {
 public:
  void put(batch& b) noexcept PARWORK_EXCLUDES(lock_) {
    const lock_guard guard(lock_);
    b.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &b;
    last_ = &b;
    count_.fetch_add(1);
  }

  // Null: there is none.
  [[nodiscard]] batch* take() noexcept PARWORK_EXCLUDES(lock_) {
    if (!has_any()) return nullptr;
    const lock_guard guard(lock_);
    batch* const b = first_;
    if (b == nullptr) return nullptr;
    first_ = b->next;
    if (first_ == nullptr) last_ = nullptr;
    count_.fetch_sub(1);
    return b;
  }

  [[nodiscard]] bool has_any() const noexcept { return count_.load() > 0; }

 private:
  mutex lock_;
  batch* first_ PARWORK_GUARDED_BY(lock_) = nullptr;
  batch* last_ PARWORK_GUARDED_BY(lock_) = nullptr;
  std::atomic<std::uint32_t> count_{0};  // written under the lock, read without as a hint
};

}  // namespace parwork::detail
