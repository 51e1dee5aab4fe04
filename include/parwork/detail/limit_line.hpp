// The places of limited work, and the line of those who wait for one.
//
// Thread safety: any thread.
// Invariants: while somebody waits no place is free: who leaves hands the place over. So the first
// to come is the first to be served. A lone batch waits in one line, and is handed out once.
#pragma once

#include "parwork/detail/batch.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class limit_line {
 public:
  // Before the first use.
  void set_places(unsigned count) {
    const lock_guard guard(lock_);
    free_ = count;
  }

  [[nodiscard]] unsigned free_places() {
    const lock_guard guard(lock_);
    return free_;
  }

  // True: the caller has a place now.
  [[nodiscard]] bool enter() {
    const lock_guard guard(lock_);
    if (free_ == 0) return false;
    --free_;
    return true;
  }

  // Keeps the batch until a place is handed to its item. False: there is one free, which it has.
  [[nodiscard]] bool wait(batch& lone) {
    const lock_guard guard(lock_);
    if (free_ > 0) {
      --free_;
      return false;
    }
    lone.next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = &lone;
    last_ = &lone;
    return true;
  }

  // The batch whose item has the place now; null: it is free.
  [[nodiscard]] batch* leave() {
    const lock_guard guard(lock_);
    batch* const served = first_;
    if (served == nullptr) {
      ++free_;
    } else {
      first_ = served->next;
      served->next = nullptr;
    }
    return served;
  }

 private:
  mutex lock_;
  unsigned free_ PARWORK_GUARDED_BY(lock_) = 0;
  batch* first_ PARWORK_GUARDED_BY(lock_) = nullptr;
  batch* last_ PARWORK_GUARDED_BY(lock_) = nullptr;
};

}  // namespace parwork::detail
