#include "engine/wakeups.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "parwork/detail/barrier.hpp"

namespace parwork::detail {

// --- Threads of the run alone ---

void wakeups::allow_own_threads(unsigned first, unsigned count) noexcept {
  const lock_guard guard(own_lock_);
  next_own_ = first;
  own_left_.store(count);
}

void wakeups::limit_numbers(unsigned limit) noexcept {
  {
    const lock_guard guard(own_lock_);
    own_left_.store(limit > next_own_ ? limit - next_own_ : 0);
  }
  {
    const lock_guard guard(sleep_lock_);
    number_limit_.store(limit);
  }
  call_back_those_away();
}

void wakeups::join_own_threads() {
  std::vector<os_thread> threads;
  {
    const lock_guard guard(own_lock_);
    threads.swap(own_threads_);
  }
  for (auto& each : threads) {
    if (each.joinable()) each.join();
  }
}

bool wakeups::start_own_thread() noexcept {
  if (own_left_.load() == 0) return false;
  bool started = false;
  {
    const lock_guard guard(own_lock_);
    // Over: the caller may have joined them already.
    if (own_left_.load() == 0 || is_over()) return false;
    try {
      own_threads_.emplace_back();  // first: what is started has a place
      own_threads_.back() = pool_.threads().start_further(
          {.body = [this, number = next_own_] { asks_.take_part_until_it_is_over(number); },
           .refused = [this](const std::exception_ptr&) { note_refused_thread(); }});
      ++next_own_;
      own_left_.fetch_sub(1);
      started = true;
    } catch (const std::exception&) {
      // The system has no more threads: the run goes on with those it has.
      own_refused_.fetch_add(own_left_.exchange(0));
    }
  }
  pool_.update(*this);
  return started;
}

// Its makers rely on another one from now on.
void wakeups::note_refused_thread() noexcept {
  own_refused_.fetch_add(1);
  searching_.store(false);
  if (is_there_work(helper_to_be)) notify();
}

// --- Waking ---

// Found by the model (tests/model): `searching_` is exchanged, not read, because a plain read may
// pass what the caller has just published. And who finds nobody tries again, because another maker
// may have relied on this search while a thread lay down behind its back.
void wakeups::notify() noexcept {
  while (is_anybody_free() && !is_over()) {
    if (searching_.exchange(true)) return;
    if (wake_sleeper() || pool_.lend(*this) || start_own_thread()) return;
    searching_.store(false);
  }
}

void wakeups::notify_in_time(worker& w, tick_clock::time_point now) noexcept {
  // Relaxed: a guess.
  const std::chrono::nanoseconds worth(worth_waking_.load(std::memory_order_relaxed));
  if (w.item_time * 2 < worth && w.busy_by(now) - w.shared_work < worth && hold_back()) return;
  w.shared_work = w.busy_by(now);
  // The time that a wake-up takes, and the core that it may cost, are no part's.
  const part was = w.doing;
  w.turn_to(part::nothing);
  notify();
  w.turn_to(was);
}

void wakeups::notify_later() noexcept {
  if (!hold_back()) notify();
}

// False: there is nobody to look later.
bool wakeups::hold_back() noexcept {
  if (held_back_.load()) return true;
  held_back_.store(true);
  return pool_.watch();
}

bool wakeups::take_held_back() noexcept {
  if (!held_back_.exchange(false)) return false;
  heavy_barrier();  // who saw the flag set and left it at that has published before
  return is_there_work(helper_to_be);
}

void wakeups::wake_owner(runs_on where, parker& own_thread) noexcept {
  if (where == runs_on::own_thread) own_thread.unpark();
  if (where == runs_on::caller) workers_.at(0)->sleep.place.unpark();
}

// Chooses the thread that went to sleep last.
bool wakeups::wake_sleeper() noexcept {
  sleeper* chosen = nullptr;
  {
    const lock_guard guard(sleep_lock_);
    if (sleepers_ == nullptr) return false;
    chosen = sleepers_;
    sleepers_ = chosen->next;
    chosen->listed = false;
    if (sleepers_ == nullptr) attention_.fetch_and(~std::uint32_t{attention_asleep});
  }
  chosen->place.unpark();
  return true;
}

void wakeups::end() noexcept {
  if (over_.exchange(true)) return;
  while (wake_sleeper()) {
  }
  call_back_those_away();
  collector_place_.unpark();
  generator_place_.unpark();
}

// --- Searching ---

void wakeups::pass_on(worker& w) noexcept {
  give_up(w);
  if (is_there_work(w.number)) notify();
}

void wakeups::give_up(worker& w) noexcept {
  if (w.search == searching::no) return;
  w.search = searching::no;
  searching_.store(false);
}

void wakeups::give_up(searching search) noexcept {
  if (search == searching::no) return;
  searching_.store(false);
  if (is_there_work(helper_to_be)) wake_sleeper();
}

void wakeups::leave_to_others(worker& w) noexcept {
  give_up(w);
  if (is_there_work(helper_to_be)) notify();
}

searching wakeups::search_unless_others_do() noexcept {
  return searching_.exchange(true) ? searching::no : searching::yes;
}

void wakeups::set_lendable(lendable can_help) noexcept {
  const bool is_set = (attention_.load() & attention_lendable) != 0;
  const bool is_lendable = can_help == lendable::yes;
  if (is_lendable && !is_set) attention_.fetch_or(attention_lendable);
  if (!is_lendable && is_set) attention_.fetch_and(~std::uint32_t{attention_lendable});
}

// --- Sleeping ---

void wakeups::sleep(worker& w) {
  if (w.number >= number_limit_.load()) return stay_away(w);
  give_up(w);
  note_stay(w);
  {
    const lock_guard guard(sleep_lock_);
    w.sleep.next = sleepers_;
    w.sleep.listed = true;
    sleepers_ = &w.sleep;
    attention_.fetch_or(attention_asleep);
  }
  heavy_barrier();
  const bool found = is_there_work(w.number);
  if (!found && !is_over()) w.sleep.place.park();
  w.came_at = w.turn_to(part::nothing);
  if (!leave_list(w.sleep)) {
    w.search = searching::yes;  // chosen by notify
  } else if (found) {
    w.search = search_unless_others_do();
  }
}

// By the lock: who raises the limit, or ends the run, finds it in the list, or is seen here.
void wakeups::stay_away(worker& w) noexcept {
  leave_to_others(w);
  {
    const lock_guard guard(sleep_lock_);
    if (w.number < number_limit_.load() || is_over()) return;
    w.sleep.next = away_;
    w.sleep.listed = true;
    away_ = &w.sleep;
  }
  while (is_listed(w.sleep)) w.sleep.place.park();
  w.came_at = w.turn_to(part::nothing);
}

bool wakeups::is_listed(const sleeper& self) noexcept {
  const lock_guard guard(sleep_lock_);
  return self.listed;
}

// All of them: those that are to stay away come back.
void wakeups::call_back_those_away() noexcept {
  const lock_guard guard(sleep_lock_);
  while (away_ != nullptr) {
    sleeper* const called = away_;
    away_ = called->next;
    called->listed = false;
    called->place.unpark();
  }
}

// False: notify has taken it out.
bool wakeups::leave_list(sleeper& self) noexcept {
  const lock_guard guard(sleep_lock_);
  if (!self.listed) return false;
  for (sleeper** link = &sleepers_; *link != nullptr; link = &(*link)->next) {
    if (*link != &self) continue;
    *link = self.next;
    break;
  }
  self.listed = false;
  if (sleepers_ == nullptr) attention_.fetch_and(~std::uint32_t{attention_asleep});
  return true;
}

void wakeups::note_stay(const worker& w) noexcept {
  constexpr std::chrono::nanoseconds long_stay = std::chrono::milliseconds(1);
  constexpr std::int64_t most = 400'000;
  // Relaxed: a guess.
  const std::int64_t worth = worth_waking_.load(std::memory_order_relaxed);
  const bool stayed = w.turned_at - w.came_at >= long_stay;
  const std::int64_t next = stayed ? least_worth_waking : std::min(worth * 2, most);
  if (next != worth) worth_waking_.store(next, std::memory_order_relaxed);
}

}  // namespace parwork::detail
