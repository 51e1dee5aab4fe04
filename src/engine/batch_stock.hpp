// Batches that are used again: each worker keeps a few of each size, so none is made in the steady
// state.
//
// Where slots keep memory (spares::all) none is freed before the end: what a worker does not keep
// goes to a stock of all workers. So those that pull find what those that collect have emptied.
//
// Thread safety: `get` and `put` by the worker's own thread. Invariants:
// 1. A batch in stock has empty slots and is known to nobody.
// 2. A batch is freed under `hint_lock`: who holds it may read, without the owner's lock, what a
//    worker's `pulling` and `current` point at.
#pragma once

#include <array>
#include <cstdint>

#include "engine/worker.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

class batch_stock {
 public:
  batch_stock(run_hooks& hooks, spares kept) noexcept : hooks_(hooks), kept_(kept) {}
  batch_stock(const batch_stock&) = delete;
  batch_stock& operator=(const batch_stock&) = delete;

  // A batch of `slots` or more (the next power of two). May throw std::bad_alloc.
  [[nodiscard]] batch* get(worker& w, std::uint32_t slots);
  // The same; null where there is no memory.
  [[nodiscard]] batch* try_get(worker& w, std::uint32_t slots) noexcept;
  // REQUIRES: every slot is empty, and nobody else knows the batch.
  void put(worker& w, batch& b) noexcept;

  // After the run: frees what a worker has kept, and lists of empty batches.
  void empty(worker& w) noexcept;
  void empty_shared() noexcept;
  void free_list(batch* first, batch* batch::* link) noexcept;

  [[nodiscard]] mutex& hint_lock() noexcept { return hint_lock_; }

 private:
  [[nodiscard]] batch* take_shared(unsigned size) noexcept;
  void put_shared(batch& b, unsigned size) noexcept;

  run_hooks& hooks_;
  const spares kept_;
  mutex hint_lock_;
  mutex shared_lock_;
  // By the logarithm of their capacity.
  std::array<batch*, 32> shared_ PARWORK_GUARDED_BY(shared_lock_) = {};
};

}  // namespace parwork::detail
