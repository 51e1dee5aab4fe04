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

// Something may be delivered that is in no list: by this worker if it may, else by whoever holds
// the gate or owns the part. Null: not a thread of the run.
void run::request_delivery(worker* w, std::uintptr_t what) noexcept {
  const bool may = w != nullptr && may_collect(w->number);
  std::uintptr_t now = collect_word_.load(std::memory_order_relaxed);  // the exchange checks it
  for (;;) {
    const bool held = (now & collect_held) != 0;
    const std::uintptr_t then = may && !held ? collect_held : now | what;
    if (!collect_word_.compare_exchange_weak(now, then)) continue;
    if (held) return;  // its holder will see it
    if (may) return collect(*w, now | what, nullptr);
    break;
  }
  if (collector_on_ == runs_on::workers) {
    notify();
  } else {
    wake_owner(collector_on_, collector_parker_);
  }
}

// A finished batch, without order: delivered at once where the gate is free.
void run::leave_to_collector(worker& w, batch& b) noexcept {
  const bool may = may_collect(w.number);
  std::uintptr_t now = collect_word_.load(std::memory_order_relaxed);  // the exchange checks it
  for (;;) {
    const bool held = (now & collect_held) != 0;
    if (may && !held) {
      if (collect_word_.compare_exchange_weak(now, collect_held)) return collect(w, now, &b);
      continue;
    }
    b.next = batches_in(now);
    const auto with_it = reinterpret_cast<std::uintptr_t>(&b) | (now & collect_flags);
    if (!collect_word_.compare_exchange_weak(now, with_it)) continue;
    if (!held) wake_owner(collector_on_, collector_parker_);
    return;
  }
}

bool run::collect_if_requested(worker& w) noexcept {
  std::uintptr_t now = collect_word_.load();
  while (now != 0 && (now & collect_held) == 0) {
    if (!collect_word_.compare_exchange_weak(now, collect_held)) continue;
    w.turn_to(part::collecting);
    collect(w, now, nullptr);
    return true;
  }
  return false;
}

// Delivers what has been left and the worker's own batch, then what has been left meanwhile, until
// nothing has: the word is what lets go, so nothing is left behind. REQUIRES: gate held.
void run::collect(worker& w, std::uintptr_t left, batch* own) noexcept {
  found_work(w);
  for (;;) {
    collect_left(w, left);
    if (own != nullptr) {
      deliver_upto(w, *own, own->limit.load());
      recycle(w, *std::exchange(own, nullptr));
    }
    left = collect_held;
    if (collect_word_.compare_exchange_strong(left, 0)) return;
    left = collect_word_.exchange(collect_held);
  }
}

// Batches arrive newest first; they are delivered oldest first.
void run::collect_left(worker& w, std::uintptr_t left) noexcept {
  batch* oldest = nullptr;
  for (batch* b = batches_in(left); b != nullptr;) {
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
  if ((left & collect_look) == 0) return;
  if (ordered_) {
    drain_window(w);
  } else {
    harvest(w);
  }
}

// Delivers as far as items are finished without a gap. A batch that has nothing left but whose
// worker has not come back to close it (it may be held up in a generator) does not hold up those
// behind it; it stays in the window until it is closed.
void run::drain_window(worker& w) noexcept {
  for (batch* b = window_.head(); b != nullptr;) {
    const bool closed = b->closed.load();  // first: then `finished` and `limit` are final
    deliver_upto(w, *b, b->finished.load());
    if (closed ? b->delivered.load() < b->limit.load() : !is_exhausted(w, *b)) return;
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
bool run::is_exhausted(worker& w, const batch& b) noexcept {
  if (b.delivered.load() < b.limit.load()) return false;
  for (auto& slot : slots_) {
    worker* const other = slot.load(std::memory_order_acquire);  // partner: enter()
    if (other == nullptr) continue;
    if (other->current.load() != &b) continue;
    if (other == &w) {
      const owner_guard guard(w.lock);
      return b.delivered.load() >= b.limit.load();
    }
    const visitor_guard guard(other->lock);
    if (other->current.load() == &b) return b.delivered.load() >= b.limit.load();
  }
  return false;
}

// Delivers what is finished of batches that are still being worked on. A batch that is finished
// meanwhile stays where it is: only the holder of the gate frees batches.
void run::harvest(worker& w) noexcept {
  for (auto& slot : slots_) {
    worker* const other = slot.load(std::memory_order_acquire);  // partner: enter()
    if (other == nullptr) continue;
    batch* const b = other->current.load();
    if (b != nullptr) deliver_upto(w, *b, b->finished.load());
  }
}

// REQUIRES: gate held, or a run that folds.
void run::deliver_upto(worker& w, batch& b, std::uint32_t upto) noexcept {
  const std::uint32_t before = b.delivered.load();
  if (b.is_straight) {  // collected already
    if (upto > before) delivered_some(w, b, upto, upto - before);
    return;
  }
  for (std::uint32_t from = before; from < upto;) {
    const delivered_items done = hooks_.deliver(w, b, from, upto);
    b.delivered.store(done.upto, std::memory_order_release);  // partner: see_harvest, flush
    account(w, b, done.delivered);
    if (done.lone != nullptr) recycle(w, *done.lone);
    if (done.lone == nullptr && done.upto < upto) {
      b.stuck.store(true);
      // Its end may have come between the look and the mark: then its request is still to be seen.
      return;
    }
    from = done.upto;
  }
  if (b.stuck.load()) b.stuck.store(false);
}

// Counts delivered items: there is room for new ones now.
void run::account(worker& w, batch& b, std::uint32_t items) noexcept {
  if (items == 0) return;
  if (w.record != nullptr) w.record->collected(items);
  if (b.from == origin::spawned) {
    w.delivered_spawned.fetch_add(items);  // a full barrier: as add_delivered
  } else {
    add_delivered(items);
    wake_owner(generator_on_, generator_parker_);
    if ((attention.load() & attention_free) != 0 && !ended_.load()) notify_in_time(w, w.turned);
  }
  if (w.spawned.load() == 0) check_finished();  // else there is more to come
}

// Elsewhere than at a gate several workers count at once. What may have been the last item is
// counted by a full barrier: then either this thread sees that the generator has ended, or who ends
// it sees the count.
void run::add_delivered(std::uint32_t items) noexcept {
  if (folds_ || traits_.is_split) {
    delivered_.fetch_add(items);
    return;
  }
  const std::uint64_t now = delivered_.load(std::memory_order_relaxed) + items;
  if (now == produced()) {
    delivered_.exchange(now);
  } else {
    delivered_.store(now, std::memory_order_release);  // partner: room
  }
}

void run::delivered_some(worker_base& by, batch& b, std::uint32_t upto,
                         std::uint32_t items) noexcept {
  b.delivered.store(upto, std::memory_order_release);  // partner: see_harvest
  account(static_cast<worker&>(by), b, items);
}

// Delivers what is finished of the worker's own batch, or asks the holder of the gate to.
void run::flush(worker& w, batch& b) noexcept {
  w.turn_to(part::collecting);
  if (folds_) {
    deliver_upto(w, b, b.finished.load());
  } else {
    request_delivery(&w, collect_look);
  }
  w.flushed = w.turn_to(part::working);
}

// Asks for a harvest where finished items lie in somebody's batch.
void run::see_harvest() noexcept {
  if (folds_) return;
  bool seen = ordered_ && window_.has_finished();
  if (!ordered_) {
    const lock_guard guard(hint_lock_);
    for (auto& slot : slots_) {
      worker* const other = slot.load(std::memory_order_acquire);  // partner: enter()
      const batch* const b = other == nullptr ? nullptr : other->current.load();
      seen = seen || (b != nullptr && b->finished.load() > b->delivered.load());
    }
  }
  if (!seen || (collect_word_.fetch_or(collect_look) & collect_held) != 0) return;
  wake_owner(collector_on_, collector_parker_);
}

// The course of a collector's own thread.
void run::collector_main() {
  const working_for scope(pool_);
  worker& w = enter(workers_ + 1);
  while (!finished_.load()) {
    if (!collect_if_requested(w)) collector_parker_.park();
    w.turn_to(part::nothing);
  }
}

}  // namespace parwork::detail
