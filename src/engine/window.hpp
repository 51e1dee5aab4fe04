// The reorder window: the batches in flight, in input order.
//
// Thread safety: by its lock. A batch stays alive while it is in the window: only the holder of the
// collector's gate takes batches out. Invariants: indices ascend from head to tail; what has no
// index yet (items still being pulled) comes later.
#pragma once

#include "parwork/detail/batch.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class window {
 public:
  // REQUIRES: the batch's indices lie behind all others'.
  void append(batch& b) PARWORK_EXCLUDES(lock_) {
    const lock_guard guard(lock_);
    (tail_ == nullptr ? head_ : tail_->window_next) = &b;
    tail_ = &b;
  }

  // `b` was split off the end of `before`.
  void insert_behind(batch& before, batch& b) PARWORK_EXCLUDES(lock_) {
    const lock_guard guard(lock_);
    b.window_next = before.window_next;
    before.window_next = &b;
    if (tail_ == &before) tail_ = &b;
  }

  // The batch with the lowest indices; null: none. Its slots belong to the holder of the
  // collector's gate.
  [[nodiscard]] batch* head() PARWORK_EXCLUDES(lock_) {
    const lock_guard guard(lock_);
    return head_;
  }

  // REQUIRES: gate held, head closed and delivered.
  void pop() PARWORK_EXCLUDES(lock_) {
    const lock_guard guard(lock_);
    head_ = head_->window_next;
    if (head_ == nullptr) tail_ = nullptr;
  }

  [[nodiscard]] batch* behind(const batch& b) PARWORK_EXCLUDES(lock_) {
    const lock_guard guard(lock_);
    return b.window_next;
  }

  // Whether the first batch that has anything left has items that could be delivered now. A hint:
  // it may change at once.
  [[nodiscard]] bool has_finished() PARWORK_EXCLUDES(lock_) {
    const lock_guard guard(lock_);
    const batch* b = head_;
    while (b != nullptr && b->delivered.load() >= b->limit.load()) b = b->window_next;
    return b != nullptr && !b->stuck.load() && b->finished.load() > b->delivered.load();
  }

 private:
  mutex lock_;
  batch* head_ PARWORK_GUARDED_BY(lock_) = nullptr;
  batch* tail_ PARWORK_GUARDED_BY(lock_) = nullptr;
};

}  // namespace parwork::detail
