// How the threads of a run go to sleep and are woken, and why no wake-up is lost.
//
// What can be taken: room to pull; items that were pulled and not started, offered, or spawned;
// finished items and a free collector; asynchronous items that have come back. Each of them becomes
// visible by an atomic store.
//
// Waking. Who makes such a thing visible then calls `notify`, before it enters user code:
//   1. it loads `attention`: nobody is free, nothing to do. This is the whole cost in a busy run.
//   2. it exchanges `searching_`: somebody has been woken and has not found anything yet: nothing
//   to do, because that
//      thread will look everywhere.
//   3. it chooses a sleeping thread of this run, else borrows one from the pool, else starts one if
//   the run has some
//      left to start.
// Holding back. A wake-up costs who makes it several microseconds. Where items are short, the one
// who would make it mostly takes the thing itself before another could (`notify_in_time`): it is
// made when the work since the last one adds up to `worth_waking_`. Because an item or the
// generator may block meanwhile, `held_back_` has the pool's sentry call `notify` a few
// milliseconds later, if there is something to take then. Nothing but what was held back is left to
// the sentry: a wake-up that the protocol below lost would stay lost. The chosen thread clears
// `searching_` when it finds work, and if there is more, wakes the next: so wake-ups spread while
// there is work for them, and one at a time.
//
// Sleeping. A thread that found nothing, also after a few microseconds of looking again:
//   1. clears `searching_` if it was the one that was woken;
//   2. says that it is asleep: the list, then a bit of `attention`;
//   3. passes a heavy barrier (barrier.hpp);
//   4. looks once more for everything there is; sleeps if there is nothing, else becomes the one
//   that searches, unless there is one: it may have been the one that makers relied on until step
//   1, and what it takes now may block while more is left.
// By the barrier's contract either the looker sees the thing in step 4, or its maker sees the bit
// (and `searching_`) in its steps 1 and 2. A pool's thread does the same in pool_state::lie_down,
// for all runs of the pool.
//
// Threads with a part of their own (`runs_on`) are woken through their parkers, whose tokens cannot
// be lost.
#include <algorithm>
#include <system_error>

#include "engine/run.hpp"

namespace parwork::detail {

// Found by the model (tests/model): `searching_` is exchanged, not read, because a plain read may
// pass what the caller has just published; and who finds nobody tries again, because another maker
// may have relied on this search while a thread lay down behind its back.
void run::notify() noexcept {
  while ((attention.load() & attention_free) != 0 && !finished_.load()) {
    if (searching_.exchange(true)) return;
    if (wake_sleeper() || pool_.lend(*this) || start_extra()) return;
    searching_.store(false);
  }
}

// Wakes another thread for what `w` has made visible, if it is long or has added up; else `w` will
// most likely take it itself before another could. In case it will not, because an item or the
// generator blocks, the pool's sentry looks after it. `now`: the time or a little earlier.
void run::notify_in_time(worker& w, tick_clock::time_point now) noexcept {
  // Relaxed: a guess.
  const std::chrono::nanoseconds worth(worth_waking_.load(std::memory_order_relaxed));
  if (w.item_time * 2 < worth && w.busy_by(now) - w.shared < worth) {
    if (held_back_.load()) return;
    held_back_.store(true);
    if (pool_.watch()) return;
  }
  w.shared = w.busy_by(now);
  // The time that a wake-up takes, and the core that it may cost, are no part's.
  const part was = w.doing;
  w.turn_to(part::nothing);
  notify();
  w.turn_to(was);
}

bool run::take_held_back() noexcept {
  if (!held_back_.exchange(false)) return false;
  heavy_barrier();  // who saw the flag set and left it at that has published before
  return look_for_work(max_workers);
}

// A thread goes to sleep. Where others keep waking it for little (the serial parts bound the run,
// or a worker that lost its core holds what comes next in order), they do so less and less often.
void run::note_stay(const worker& w) noexcept {
  constexpr std::chrono::nanoseconds long_stay = std::chrono::milliseconds(1);
  constexpr std::int64_t most = 400'000;
  // Relaxed: a guess.
  const std::int64_t worth = worth_waking_.load(std::memory_order_relaxed);
  const bool stayed = w.turned - w.came >= long_stay;
  const std::int64_t next = stayed ? least_worth_waking : std::min(worth * 2, most);
  if (next != worth) worth_waking_.store(next, std::memory_order_relaxed);
}

// A part that one thread calls has something to do. Its token is kept where that thread is not
// asleep.
void run::wake_owner(runs_on where, parker& own_thread) noexcept {
  if (where == runs_on::own_thread) own_thread.unpark();
  if (where == runs_on::caller) slots_[0].load()->sleep.place.unpark();
}

// Chooses the thread that went to sleep last.
bool run::wake_sleeper() noexcept {
  sleeper* chosen = nullptr;
  {
    const lock_guard guard(sleep_lock_);
    if (sleepers_ == nullptr) return false;
    chosen = sleepers_;
    sleepers_ = chosen->next;
    chosen->listed = false;
    if (sleepers_ == nullptr) attention.fetch_and(~std::uint32_t{attention_asleep});
  }
  chosen->place.unpark();
  return true;
}

// Starts one of the threads that this run may have beyond the pool's.
bool run::start_extra() noexcept {
  if (extra_left_.load() == 0) return false;
  bool started = false;
  {
    const lock_guard guard(extra_lock_);
    // Finished: the caller may have joined them already.
    if (extra_left_.load() == 0 || finished_.load()) return false;
    try {
      extra_.emplace_back([this, number = next_extra_] { extra_main(number); });
      ++next_extra_;
      extra_left_.fetch_sub(1);
      started = true;
    } catch (const std::exception&) {
      extra_left_.store(0);  // the system has no more threads: the run goes on with those it has
    }
  }
  pool_.update(*this);
  return started;
}

void run::extra_main(unsigned number) {
  const working_for scope(pool_);
  worker& w = enter(number);
  w.search = searching::yes;
  while (!finished_.load()) {
    serve(w);
    if (!finished_.load()) sleep_here(w);
  }
  give_up(w);
}

// The worker was woken to look for work and has got some: if there is more, wake the next.
void run::found_work(worker& w) noexcept {
  if (w.search == searching::no) return;
  give_up(w);
  if (look_for_work(w.number)) notify();
}

void run::give_up(worker& w) noexcept {
  if (w.search == searching::no) return;
  w.search = searching::no;
  searching_.store(false);
}

void run::sleep_here(worker& w) {
  give_up(w);
  note_stay(w);
  {
    const lock_guard guard(sleep_lock_);
    w.sleep.next = sleepers_;
    w.sleep.listed = true;
    sleepers_ = &w.sleep;
    attention.fetch_or(attention_asleep);
  }
  heavy_barrier();
  const bool found = look_for_work(w.number);
  if (!found && !finished_.load()) w.sleep.place.park();
  w.came = w.turn_to(part::nothing);
  if (!leave_list(w.sleep)) {
    w.search = searching::yes;  // chosen by notify
  } else if (found) {
    w.search = search_unless_others_do();
  }
}

// False: notify has taken it out.
bool run::leave_list(sleeper& self) noexcept {
  const lock_guard guard(sleep_lock_);
  if (!self.listed) return false;
  for (sleeper** link = &sleepers_; *link != nullptr; link = &(*link)->next) {
    if (*link != &self) continue;
    *link = self.next;
    break;
  }
  self.listed = false;
  if (sleepers_ == nullptr) attention.fetch_and(~std::uint32_t{attention_asleep});
  return true;
}

searching run::search_unless_others_do() noexcept {
  return searching_.exchange(true) ? searching::no : searching::yes;
}

void run::set_lendable(bool lendable) noexcept {
  const bool is_set = (attention.load() & attention_lendable) != 0;
  if (lendable && !is_set) attention.fetch_or(attention_lendable);
  if (!lendable && is_set) attention.fetch_and(~std::uint32_t{attention_lendable});
}

// Asks for a harvest where finished items lie in somebody's batch.
bool run::look_for_work(unsigned number) noexcept {
  if (finished_.load()) return false;
  if (generator_waits_for(number)) return true;
  if (offered_.load() > 0 || settled_count_.load() > 0) return true;
  if (any_other(number, [](worker& victim) { return victim.spawned.load() > 0; })) return true;
  if (see_stealable(victims::all)) return true;
  see_harvest();
  return may_collect(number) && is_collect_requested();
}

// Whether anybody has items that it has not started. A hint: the batches may change at once, but
// are not freed meanwhile: who frees one has been handed it by a worker that had cleared its
// pointer before.
bool run::see_stealable(victims whom) noexcept {
  const auto counts = [&](const worker* w) {
    return w != nullptr && (whom == victims::all || w->is_cheap_to_rob());
  };
  const auto find = [&](std::size_t from) {
    while (from < slots_.size() && !counts(slots_[from].load(std::memory_order_acquire))) ++from;
    return from;
  };
  // Most looks end here, and do not take from a busy worker's core what it writes for every item.
  std::size_t next = find(0);
  if (next == slots_.size()) return false;
  const lock_guard guard(hint_lock_);
  for (; next < slots_.size(); next = find(next + 1)) {
    const worker* const victim = slots_[next].load(std::memory_order_acquire);  // partner: enter()
    const batch* const pulled = victim->pulling.load();
    if (pulled != nullptr && pulled->filled.load() > pulled->start.load()) return true;
    const batch* const started = victim->current.load();
    if (started != nullptr && started->limit.load() > started->claimed.load()) return true;
  }
  return false;
}

}  // namespace parwork::detail
