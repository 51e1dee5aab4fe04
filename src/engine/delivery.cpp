#include "engine/delivery.hpp"

#include <utility>

namespace parwork::detail {

bool delivery::may_collect(unsigned number) const noexcept {
  if (shape_.folds) return false;
  switch (shape_.collector_thread) {
    case runs_on::workers:
      return number != shape_.generator_number() && number != shape_.collector_number();
    case runs_on::caller:
      return number == 0;
    case runs_on::own_thread:
      return number == shape_.collector_number();
  }
  return false;
}

void delivery::take(worker& w, batch& b) noexcept {
  if (shape_.folds) {
    deliver_upto(w, b, b.limit.load());
    stock_.put(w, b);
  } else if (shape_.is_ordered) {
    b.closed.store(true, std::memory_order_release);  // partner: drain_window, by the word
    request(w, search);
  } else {
    leave(w, b);
  }
}

// Something may be delivered that is in no list: by this worker if it may, else by whoever holds
// the gate or owns the part.
void delivery::request(worker& w, std::uintptr_t what) noexcept {
  const bool may = may_collect(w.number);
  std::uintptr_t now = word_.load(std::memory_order_relaxed);  // the exchange checks it
  for (;;) {
    const bool is_held = (now & held) != 0;
    const std::uintptr_t then = may && !is_held ? held : now | what;
    if (!word_.compare_exchange_weak(now, then)) continue;
    if (is_held) return;  // its holder will see it
    if (may) return collect(w, now | what, nullptr);
    break;
  }
  if (shape_.collector_thread == runs_on::workers) {
    wakeups_.notify();
  } else {
    wakeups_.wake_owner(shape_.collector_thread, wakeups_.collector_place());
  }
}

// A finished batch, without order: delivered at once if the gate is free.
void delivery::leave(worker& w, batch& b) noexcept {
  const bool may = may_collect(w.number);
  std::uintptr_t now = word_.load(std::memory_order_relaxed);  // the exchange checks it
  for (;;) {
    const bool is_held = (now & held) != 0;
    if (may && !is_held) {
      if (word_.compare_exchange_weak(now, held)) return collect(w, now, &b);
      continue;
    }
    b.next = batches_in(now);
    const auto with_it = reinterpret_cast<std::uintptr_t>(&b) | (now & flags);
    if (!word_.compare_exchange_weak(now, with_it)) continue;
    if (!is_held) wakeups_.wake_owner(shape_.collector_thread, wakeups_.collector_place());
    return;
  }
}

bool delivery::collect_if_requested(worker& w) noexcept {
  std::uintptr_t now = word_.load();
  while (now != 0 && (now & held) == 0) {
    if (!word_.compare_exchange_weak(now, held)) continue;
    w.turn_to(part::collecting);
    collect(w, now, nullptr);
    return true;
  }
  return false;
}

// Delivers what has been left and the worker's own batch, then what has been left meanwhile, until
// nothing has: the word is what lets go, so nothing is left behind. REQUIRES: gate held.
void delivery::collect(worker& w, std::uintptr_t left, batch* own) noexcept {
  wakeups_.found_work(w);
  for (;;) {
    collect_left(w, left);
    if (own != nullptr) {
      deliver_upto(w, *own, own->limit.load());
      stock_.put(w, *std::exchange(own, nullptr));
    }
    left = held;
    if (word_.compare_exchange_strong(left, 0)) return;
    left = word_.exchange(held);
  }
}

// Batches arrive newest first; they are delivered oldest first.
void delivery::collect_left(worker& w, std::uintptr_t left) noexcept {
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
    stock_.put(w, *b);
  }
  if ((left & search) == 0) return;
  if (shape_.is_ordered) {
    drain_window(w);
  } else {
    harvest(w);
  }
}

// Delivers as far as items are finished without a gap. A batch that has nothing left but whose
// worker has not come back to close it (it may be held up in a generator) does not hold up those
// behind it; it stays in the window until it is closed.
void delivery::drain_window(worker& w) noexcept {
  for (batch* b = window_.head(); b != nullptr;) {
    const bool closed = b->closed.load();  // first: then `finished` and `limit` are final
    deliver_upto(w, *b, b->finished.load());
    if (closed ? b->delivered.load() < b->limit.load() : !is_exhausted(w, *b)) return;
    if (closed && b == window_.head()) {
      window_.pop();
      stock_.put(w, *b);
      b = window_.head();
    } else {
      b = window_.behind(*b);
    }
  }
}

// Whether all that the batch will ever hold has been delivered. The lock keeps thieves from
// changing its limit, and what they have taken is in the window behind it.
bool delivery::is_exhausted(worker& w, const batch& b) noexcept {
  if (b.delivered.load() < b.limit.load()) return false;
  return workers_.any([&](worker& other) {
    if (other.current.load() != &b) return false;
    if (&other == &w) {
      const owner_guard guard(w.lock);
      return b.delivered.load() >= b.limit.load();
    }
    const visitor_guard guard(other.lock);
    return other.current.load() == &b && b.delivered.load() >= b.limit.load();
  });
}

// Delivers what is finished of batches that are still being worked on. A batch that is finished
// meanwhile stays where it is: only the holder of the gate frees batches.
void delivery::harvest(worker& w) noexcept {
  workers_.for_each([&](worker& other) {
    batch* const b = other.current.load();
    if (b != nullptr) deliver_upto(w, *b, b->finished.load());
  });
}

// REQUIRES: gate held, or a run that folds.
void delivery::deliver_upto(worker& w, batch& b, std::uint32_t upto) noexcept {
  const std::uint32_t before = b.delivered.load();
  if (b.is_straight) {  // collected already
    if (upto > before) note_delivered(w, b, upto, upto - before);
    return;
  }
  for (std::uint32_t from = before; from < upto;) {
    const delivered_items done = hooks_.deliver(w, b, from, upto);
    note_delivered(w, b, done.upto, done.delivered);
    if (done.lone != nullptr) stock_.put(w, *done.lone);
    if (done.lone == nullptr && done.upto < upto) {
      b.stuck.store(true);
      // Its end may have come between the look and the mark: then its request is still to be seen.
      return;
    }
    from = done.upto;
  }
  if (b.stuck.load()) b.stuck.store(false);
}

void delivery::note_delivered(worker& w, batch& b, std::uint32_t upto,
                              std::uint32_t items) noexcept {
  b.delivered.store(upto, std::memory_order_release);  // partner: has_finished_items, flush
  account(w, b.from, items);
}

void delivery::account(worker& w, origin from, std::uint32_t items) noexcept {
  if (items == 0) return;
  if (w.record != nullptr) w.record->collected(items);
  if (from == origin::spawned) {
    w.delivered_spawned.fetch_add(items);  // a full barrier: as credits::give_back
  } else {
    credits_.give_back(items);
    wakeups_.wake_owner(shape_.generator_thread, wakeups_.generator_place());
    if (wakeups_.is_anybody_free() && !credits_.is_closed()) {
      wakeups_.notify_in_time(w, w.turned_at);
    }
  }
  if (w.spawned.load() == 0) ending_.check();  // else there is more to come
}

// Several at once: a generator that is woken for room for one item yields one. What has a weight
// may be large, so it is not to wait.
void delivery::let_go(worker& caller, const kept_item& its, std::uint64_t left) noexcept {
  ++(its.from == origin::generator ? let_go_.pulled : let_go_.spawned);
  let_go_.counts.succeeded += its.counts.succeeded;
  let_go_.counts.failed += its.counts.failed;
  let_go_.counts.cancelled += its.counts.cancelled;
  const std::uint64_t enough = credits_.bound() / 4;
  if (left > 0 && its.bytes == 0 && let_go_.pulled + let_go_.spawned < enough) return;
  if (its.bytes > 0) credits_.give_back_memory(its.bytes);
  const items_let_go gone = std::exchange(let_go_, {});
  caller.count(gone.counts);
  account(caller, origin::spawned, gone.spawned);
  account(caller, origin::generator, gone.pulled);
}

void delivery::flush(worker& w, batch& b) noexcept {
  w.turn_to(part::collecting);
  if (shape_.folds) {
    deliver_upto(w, b, b.finished.load());
  } else {
    request(w, search);
  }
  w.flushed_at = w.turn_to(part::working);
}

bool delivery::is_there_work(unsigned number) noexcept {
  if (has_finished_items() && (word_.fetch_or(search) & held) == 0) {
    wakeups_.wake_owner(shape_.collector_thread, wakeups_.collector_place());
  }
  return may_collect(number) && is_requested();
}

// A hint: it may change at once.
bool delivery::has_finished_items() noexcept {
  if (shape_.folds) return false;
  if (shape_.is_ordered) return window_.has_finished();
  bool found = false;
  const lock_guard guard(stock_.hint_lock());
  workers_.for_each([&](const worker& other) {
    const batch* const b = other.current.load();
    found = found || (b != nullptr && b->finished.load() > b->delivered.load());
  });
  return found;
}

void delivery::collect_until_over(worker& w) noexcept {
  while (!wakeups_.is_over()) {
    if (!collect_if_requested(w)) wakeups_.collector_place().park();
    w.turn_to(part::nothing);
  }
}

void delivery::free_left() noexcept {
  stock_.free_list(batches_in(word_.load()), &batch::next);
  stock_.free_list(window_.head(), &batch::window_next);
}

}  // namespace parwork::detail
