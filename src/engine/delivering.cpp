// How finished items reach the collector: by combining. A worker that finds the gate free delivers
// what it has and what others have left; one that finds it taken leaves its batch and goes on.
// Whoever lets go of the gate looks again, so nothing is left behind.
#include <algorithm>

#include "engine/run.hpp"

namespace parwork::detail {

bool run::may_collect(unsigned number) const noexcept {
  switch (collector_on_) {
    case runs_on::workers:
      return !folds_ && number != workers_ && number != workers_ + 1;
    case runs_on::caller:
      return !folds_ && number == 0;
    case runs_on::own_thread:
      return !folds_ && number == workers_ + 1;
  }
  return false;
}

// There may be something to deliver: by this worker if it may, else by whoever holds the gate or
// owns the part. Null: not a thread of the run.
void run::request_delivery(worker* w) noexcept {
  requested_.store(true);
  if (w != nullptr && may_collect(w->number)) {
    collect_if_requested(*w);
  } else if (collector_on_ == runs_on::workers) {
    notify();
  } else {
    wake_owner(collector_on_, collector_parker_);
  }
}

// The gate protocol. A request that comes while the gate is held is seen by its holder after
// letting go: one of the two sees the other, all four accesses being seq_cst.
bool run::collect_if_requested(worker& w) {
  bool collected = false;
  while (requested_.load() && !collect_gate_.exchange(true)) {
    const auto began = clock::now();
    found_work(w);
    requested_.store(false);
    drain(w);
    w.collect_time += clock::now() - began;
    collect_gate_.store(false);
    collected = true;
  }
  return collected;
}

void run::drain(worker& w) noexcept {
  if (ordered_) {
    harvest_.store(false);
    drain_window(w);
  } else {
    drain_pending(w);
    if (harvest_.exchange(false)) harvest(w);
  }
}

// Batches arrive newest first; they are delivered oldest first.
void run::drain_pending(worker& w) noexcept {
  batch* oldest = nullptr;
  for (batch* b = pending_.exchange(nullptr); b != nullptr;) {
    batch* const next = b->next;
    b->next = oldest;
    oldest = b;
    b = next;
  }
  while (oldest != nullptr) {
    batch* const b = std::exchange(oldest, oldest->next);
    deliver_upto(w, *b, b->limit.load());
    recycle(w, *b);
  }
}

// Delivers as far as items are finished without a gap. A batch that has nothing left but whose
// worker has not come back to close it (it may be held up in a generator) does not hold up those
// behind it; it stays in the window until it is closed.
void run::drain_window(worker& w) noexcept {
  for (batch* b = window_.head(); b != nullptr;) {
    const bool closed = b->closed.load();  // first: then `finished` and `limit` are final
    deliver_upto(w, *b, b->finished.load());
    if (closed ? b->delivered.load() < b->limit.load() : !is_exhausted(*b)) return;
    if (closed && b == window_.head()) {
      window_.pop();
      recycle(w, *b);
      b = window_.head();
    } else {
      b = window_.behind(*b);
    }
  }
}

// Whether all that the batch will ever hold has been delivered. The lock keeps thieves from
// changing its limit, and what they have taken is in the window behind it.
bool run::is_exhausted(const batch& b) noexcept {
  if (b.delivered.load() < b.limit.load()) return false;
  for (auto& slot : slots_) {
    worker* const other = slot.load(std::memory_order_acquire);  // partner: enter()
    if (other == nullptr) continue;
    const lock_guard guard(other->lock);
    if (other->current == &b) return b.delivered.load() >= b.limit.load();
  }
  return false;
}

// Delivers what is finished of batches that are still being worked on. A batch that is closed
// meanwhile stays where it is: only the holder of the gate frees batches.
void run::harvest(worker& w) noexcept {
  for (auto& slot : slots_) {
    worker* const other = slot.load(std::memory_order_acquire);  // partner: enter()
    if (other == nullptr) continue;
    batch* b = nullptr;
    {
      const lock_guard guard(other->lock);
      b = other->current;
    }
    if (b != nullptr) deliver_upto(w, *b, b->finished.load());
  }
}

// REQUIRES: gate held, or a run that folds.
void run::deliver_upto(worker& w, batch& b, std::uint32_t upto) noexcept {
  for (std::uint32_t from = b.delivered.load(); from < upto;) {
    const delivery done = hooks_.deliver(w.number, b, from, upto);
    b.delivered.store(done.upto);
    account(b, done.delivered);
    if (done.lone != nullptr) recycle(w, *done.lone);
    if (done.lone == nullptr && done.upto < upto) {
      b.stuck.store(true);
      // Its end may have come between the look and the mark: then its request is still to be seen.
      return;
    }
    from = done.upto;
  }
  b.stuck.store(false);
}

// Counts delivered items: there is room for new ones now.
void run::account(batch& b, std::uint32_t items) noexcept {
  if (items == 0) return;
  if (b.from == origin::spawned) {
    delivered_spawned_.fetch_add(items);
  } else {
    delivered_.fetch_add(items);
    wake_owner(generator_on_, generator_parker_);
    if ((attention.load() & attention_free) != 0 && !ended_.load()) notify();
  }
  check_finished();
}

void run::delivered_some(batch& b, std::uint32_t upto, std::uint32_t items) noexcept {
  b.delivered.store(upto);
  account(b, items);
}

// Delivers what is finished of the worker's own batch, or asks the holder of the gate to.
void run::flush(worker& w, batch& b) noexcept {
  if (folds_) {
    deliver_upto(w, b, b.finished.load());
  } else {
    harvest_.store(true);
    request_delivery(&w);
  }
}

// Asks for a harvest where there is something to be harvested; true where the holder of the gate
// would find some.
bool run::see_harvest() noexcept {
  if (folds_) return false;
  bool seen = ordered_ && window_.has_finished();
  for (std::size_t i = 0; !ordered_ && !seen && i < slots_.size(); ++i) {
    worker* const other = slots_[i].load(std::memory_order_acquire);  // partner: enter()
    if (other == nullptr) continue;
    const lock_guard guard(other->lock);
    seen = other->current != nullptr &&
           other->current->finished.load() > other->current->delivered.load();
  }
  if (seen) {
    harvest_.store(true);
    requested_.store(true);
    wake_owner(collector_on_, collector_parker_);
  }
  return seen;
}

// The course of a collector's own thread.
void run::collector_main() {
  const working_for scope(pool_);
  worker& w = enter(workers_ + 1);
  while (!finished_.load()) {
    if (!collect_if_requested(w)) collector_parker_.park();
  }
}

}  // namespace parwork::detail
