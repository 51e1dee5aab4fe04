// Items whose end does not come with their call: those that wait for another attempt, asynchronous
// ones, and those that work adds to the run.
//
// Threads outside the run (the timer's, whoever uses a completer) hand items back under
// outside_lock_, and do all they do with the run while they hold it. The caller takes it once more
// after the last item: then they have left.
#include <algorithm>
#include <iterator>
#include <new>
#include <stdexcept>
#include <string>

#include "base/type_name.hpp"
#include "engine/run.hpp"

namespace parwork::detail {

// --- Retries ---

void run::retry_wait::fire() noexcept {
  run& r = run_;  // this object goes with its place in the list
  batch& lone = lone_;
  const lock_guard guard(r.outside_lock_);
  if (!listed_) return;
  r.record_wait(*this);
  r.waiting_.erase(place_);
  r.offer(lone);
}

void run::retry_later(batch& lone) noexcept { schedule_retry(lone); }

// Puts the item where it waits; where there is nothing to wait for (a stopped run, no memory to
// wait in), it goes on at once.
void run::schedule_retry(batch& lone) noexcept {
  if (lone.wait.count() == 0 || !put_to_wait(lone)) offer(lone);
}

// False where the run is stopping, or has no memory or thread for the timer.
bool run::put_to_wait(batch& lone) noexcept {
  const lock_guard guard(outside_lock_);
  if (stopping()) return false;
  const std::size_t before = waiting_.size();
  try {
    auto& entry = waiting_.emplace_back(*this, lone);
    entry.place_ = std::prev(waiting_.end());
    pool_.timers().schedule(entry, clock::now() + lone.wait);
    if (recording_ != nullptr) {
      entry.recorded_ = {recording_->waiting().take(), recorded_now() - recording_->origin()};
    }
    return true;
  } catch (const std::exception&) {
    if (waiting_.size() > before) waiting_.pop_back();
    return false;
  }
}

// The run is stopping: waiting items arrive now.
void run::release_retries() noexcept {
  std::list<retry_wait> released;
  {
    const lock_guard guard(outside_lock_);
    released.swap(waiting_);
    for (auto& each : released) each.listed_ = false;  // the timer leaves these to us from now on
  }
  for (auto& each : released) pool_.timers().cancel(each);
  for (const auto& each : released) record_wait(each);
  for (auto& each : released) offer(each.lone_);
}

void run::record_wait(const retry_wait& over) noexcept {
  const started_attempt& begun = over.recorded_;
  if (recording_ == nullptr) return;
  const std::int64_t now = recorded_now() - recording_->origin();
  recording_->waiting().end(begun.place, {.duration = now - begun.start,
                                          .start = begun.start,
                                          .index = over.lone_.first_index,
                                          .attempt = over.lone_.attempts + 1});
}

// --- Asynchronous items ---

void run::async_finished(batch& lone) noexcept {
  const lock_guard guard(outside_lock_);
  lone.next = settled_;
  settled_ = &lone;
  settled_count_.fetch_add(1);
  notify();
}

bool run::settle_some(worker& w) {
  if (settled_count_.load() == 0) return false;
  batch* oldest = nullptr;
  {
    const lock_guard guard(outside_lock_);
    while (settled_ != nullptr) {
      batch* const b = settled_;
      settled_ = b->next;
      b->next = oldest;
      oldest = b;
    }
    settled_count_.store(0);
  }
  if (oldest == nullptr) return false;
  found_work(w);
  while (oldest != nullptr) {
    batch* const lone = oldest;
    oldest = lone->next;
    lone->next = nullptr;
    settle_finished(w, *lone);
  }
  return true;
}

void run::settle_finished(worker& w, batch& lone) {
  if (hooks_.settle(w, lone) == work_end::waiting) {
    schedule_retry(lone);
  } else {
    lone.finished.store(1);
    complete(w, lone);
  }
}

// --- Spawned items ---

void run::spawn(worker_base& by, const std::type_info& type, void* child) {
  if (options_.order == ordering::input) {
    throw std::logic_error(
        "parwork: spawn needs ordering::completion: a spawned item has no place in the input's "
        "order");
  }
  if (!traits_.may_spawn) {
    throw std::logic_error(
        "parwork: spawn is not possible where the generator yields prefinished items, as it does "
        "behind a journal: what a finished item had spawned would be missing");
  }
  if (!hooks_.accepts(type)) {
    throw std::logic_error("parwork: spawn was given a " + type_name(type) +
                           ", which is not the run's item type");
  }
  auto& w = static_cast<worker&>(by);
  // Counted first: a thief may have delivered it before this returns.
  const std::uint64_t before = w.spawned_ever.load(std::memory_order_relaxed);
  w.spawned_ever.store(before + 1, std::memory_order_release);  // partner: spawned()
  try {
    if (traits_.stacks_spawned) {
      hooks_.stack(w, child, *this);
    } else {
      list_child(w, child);
    }
  } catch (...) {
    w.spawned_ever.store(before, std::memory_order_release);
    throw;
  }
  if (w.record != nullptr) w.record->pulled(1);
  if ((attention.load() & attention_spawns) == 0) attention.fetch_or(attention_spawns);
  if ((attention.load() & attention_free) != 0) notify_in_time(w, w.turned);
}

// The next spawned item's index.
std::uint64_t run::next() noexcept {
  const std::uint64_t nth = indices_.fetch_add(1);
  return traits_.size ? *traits_.size + nth : nth;
}

// In a batch of its own, so that it arrives when it is done.
void run::list_child(worker& w, void* child) {
  batch& lone = *acquire(w, 1);
  try {
    hooks_.adopt(lone, child);
  } catch (...) {
    recycle(w, lone);
    throw;
  }
  lone.from = origin::spawned;
  lone.limit.store(1, std::memory_order_relaxed);  // nobody else can reach it yet
  lone.first_index = next();
  const owner_guard guard(w.lock);
  lone.next = w.newest;
  lone.previous = nullptr;
  (w.newest == nullptr ? w.oldest : w.newest->previous) = &lone;
  w.newest = &lone;
  w.spawned.store(w.spawned.load() + 1, std::memory_order_release);
}

// The worker's own: the newest.
bool run::take_spawned(worker& w) {
  if (w.spawned.load() == 0) return false;
  if (traits_.stacks_spawned) return work_off_stack(w);
  batch* lone = nullptr;
  {
    const owner_guard guard(w.lock);
    lone = w.newest;
    if (lone == nullptr) return false;
    w.newest = lone->next;
    (w.newest == nullptr ? w.oldest : w.newest->previous) = nullptr;
    w.spawned.store(w.spawned.load() - 1, std::memory_order_release);
  }
  found_work(w);
  work_on(w, *lone);
  return true;
}

bool run::work_off_stack(worker& w) {
  found_work(w);
  w.choose_barrier();
  const auto began = w.turn_to(part::working);
  w.looked = began;
  w.look_after(1);
  const std::uint32_t items = hooks_.work_off_stack(w);
  if (w.record != nullptr) w.record->collected(items);
  note_item_time(w, w.turn_to(part::collecting) - began, items);
  w.delivered_spawned.fetch_add(items);  // a full barrier: as add_delivered
  if (w.spawned.load() == 0) check_finished();
  return items > 0;
}

// Now and then back to the loop that looks at everything else. The looks double their distance.
bool run::go_on_with_stack(worker_base& by) noexcept {
  constexpr std::chrono::nanoseconds long_enough = std::chrono::microseconds(30);
  auto& w = static_cast<worker&>(by);
  const auto now = tick_clock::now();
  if (now - w.turned > long_enough) return false;
  if ((attention.load() & attention_free) != 0 && w.spawned.load() > 0) notify_in_time(w, now);
  const auto taken = std::max<std::int64_t>(1, (now - w.looked).count());
  w.looked = now;
  constexpr std::int64_t look_every_ns = 3000;
  w.look_after(static_cast<std::uint32_t>(std::clamp<std::int64_t>(look_every_ns / taken, 1, 32)));
  return true;
}

// Another worker's: the oldest.
bool run::steal_spawned(worker& w) {
  if ((attention.load() & attention_spawns) == 0) return false;
  batch* lone = nullptr;
  const bool found = any_other(w.number, [&](worker& victim) {
    if (victim.spawned.load() == 0) return false;
    if (traits_.stacks_spawned) {
      hooks_.rob_stack(w, victim);
      return w.spawned.load() > 0;
    }
    const visitor_guard guard(victim.lock);
    lone = victim.oldest;
    if (lone == nullptr) return false;
    victim.oldest = lone->previous;
    (victim.oldest == nullptr ? victim.newest : victim.oldest->next) = nullptr;
    victim.spawned.store(victim.spawned.load() - 1, std::memory_order_release);
    return true;
  });
  if (!found) return false;
  if (traits_.stacks_spawned) return work_off_stack(w);
  found_work(w);
  work_on(w, *lone);
  return true;
}

}  // namespace parwork::detail
