// How the threads of a run go to sleep and are woken, and why no wake-up is lost.
//
// What can be taken: room to pull; items that were pulled and not started, offered, or spawned;
// finished items and a free collector; asynchronous items that have come back. Each of them becomes
// visible by an atomic store.
//
// Waking. Who makes such a thing visible then calls `notify`, before it enters user code:
//   1. It loads `attention`: nobody is free, nothing to do. This is the whole cost in a busy run.
//   2. It exchanges `searching_`: a thread has been woken and has not found anything yet. Nothing
//      to do, because that thread will search everywhere.
//   3. It chooses a sleeping thread of this run, else borrows one from the pool, else starts one if
//      the run has some left to start.
// The chosen thread clears `searching_` when it finds work (`found_work`), and if there is more,
// wakes the next. So wake-ups spread while there is work for them, and one at a time.
//
// Holding back. A wake-up costs the waker several microseconds. If items are short, it mostly takes
// the thing itself before another could. So `notify_in_time` wakes when the work since the last
// wake-up adds up to `worth_waking_`. Because an item or the generator may block meanwhile,
// `held_back_` has the pool's sentry call `notify` a few milliseconds later, if there is something
// to take then. Nothing but what was held back is left to the sentry: a wake-up that the protocol
// below lost would stay lost.
//
// Sleeping. A thread that found nothing, also after a few microseconds of searching again:
//   1. clears `searching_` if it was the one that was woken;
//   2. says that it is asleep: the list, then a bit of `attention`;
//   3. passes a heavy barrier (barrier.hpp);
//   4. searches once more for everything there is; sleeps if there is nothing, else becomes the one
//      that searches, unless there is one: it may have been the one that makers relied on until
//      step 1, and what it takes now may block while more is left.
// By the barrier's contract either the searcher sees the thing in step 4, or its maker sees the bit
// (and `searching_`) in its steps 1 and 2. A pool's thread does the same in pool_state::lie_down,
// for all runs of the pool.
//
// Threads with a part of their own (`runs_on`) are woken through their parkers, whose tokens cannot
// be lost.
//
// Thread safety: any thread, unless a member says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "engine/os_thread.hpp"
#include "engine/parker.hpp"
#include "engine/pool_client.hpp"
#include "engine/pool_state.hpp"
#include "engine/roster.hpp"
#include "engine/worker.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class wakeups final : public pool_client {
 public:
  // What only the run can answer: it knows the parts, and this class none of them.
  class questions {
   public:
    [[nodiscard]] virtual bool is_there_work(unsigned number) noexcept = 0;  // see pool_client
    virtual bool help(unsigned number, searching search) noexcept = 0;       // see pool_client
    // The course of a thread of its own.
    virtual void take_part_until_it_is_over(unsigned number) noexcept = 0;

   protected:
    ~questions() = default;
  };

  wakeups(pool_state& pool, std::atomic<std::uint32_t>& attention, const roster& workers,
          questions& asks) noexcept
      : pool_(pool), attention_(attention), workers_(workers), asks_(asks) {}

  // The run may start `count` threads beyond the pool's, numbered from `first` on. Before the run.
  void allow_own_threads(unsigned first, unsigned count) noexcept;
  // Threads of the run's own whose number is not below `limit` stay away; more may be started below
  // it. One thread at a time.
  void limit_numbers(unsigned limit) noexcept PARWORK_EXCLUDES(sleep_lock_, own_lock_);
  // After the run, on the calling thread.
  void join_own_threads();
  // Of those allowed, how many the system had no room for, or the pool's on_thread_start refused.
  [[nodiscard]] unsigned refused_threads() const noexcept { return own_refused_.load(); }

  // --- waking ---

  [[nodiscard]] bool is_anybody_free() const noexcept {
    return (attention_.load() & attention_free) != 0;
  }
  // Whether work has added items to the run: they go before new ones.
  [[nodiscard]] bool has_spawned_items() const noexcept {
    return (attention_.load() & attention_spawns) != 0;
  }
  void note_spawned_items() noexcept {
    if (!has_spawned_items()) attention_.fetch_or(attention_spawns);
  }
  void notify() noexcept override;
  // Wakes another thread for what `w` has made visible, if it is long or has added up; else `w`
  // will most likely take it itself before another could. `now`: the time or a little earlier.
  void notify_in_time(worker& w, tick_clock::time_point now) noexcept;
  // The same where `w` will take it itself next, unless it finds something else: a few milliseconds
  // later, if it is still there.
  void notify_later() noexcept;
  [[nodiscard]] bool take_held_back() noexcept override;

  // A part that one thread calls has something to do. Its token is kept if it is not asleep.
  void wake_owner(runs_on where, parker& own_thread) noexcept;
  [[nodiscard]] parker& generator_place() noexcept { return generator_place_; }
  [[nodiscard]] parker& collector_place() noexcept { return collector_place_; }

  // The run is over: everybody is woken, and nobody sleeps any more. The first call counts.
  void end() noexcept;
  [[nodiscard]] bool is_over() const noexcept { return over_.load(); }

  // --- searching and sleeping: the worker's own thread ---

  // The worker was woken to search and has got something: if there is more, wakes the next. Before
  // user code is called for it.
  void found_work(worker& w) noexcept {
    if (w.search == searching::yes) pass_on(w);
  }
  // It is not the one that searches any more.
  void give_up(worker& w) noexcept;
  // The same of a thread that could not become a worker: another one is to do it.
  void give_up(searching search) noexcept;
  // The worker leaves though there may be something to take: another one is to search for it.
  void leave_to_others(worker& w) noexcept;
  // Sleeps until it is chosen; returns at once if there is something to take. A worker that is to
  // stay away sleeps until it is not, and is not chosen.
  void sleep(worker& w);
  // The worker goes to sleep. If others keep waking it for little (the serial parts bound the run,
  // or a worker that lost its core holds what comes next in order), they do so less and less often.
  void note_stay(const worker& w) noexcept;

  // --- for the pool ---

  [[nodiscard]] bool help(unsigned number, searching search) noexcept override {
    return asks_.help(number, search);
  }
  [[nodiscard]] bool is_there_work(unsigned number) noexcept override {
    return !is_over() && asks_.is_there_work(number);
  }
  [[nodiscard]] searching search_unless_others_do() noexcept override;
  [[nodiscard]] bool may_start_thread() const noexcept override { return own_left_.load() > 0; }
  void set_lendable(lendable can_help) noexcept override;

 private:
  [[nodiscard]] bool hold_back() noexcept;
  void pass_on(worker& w) noexcept;
  bool wake_sleeper() noexcept PARWORK_EXCLUDES(sleep_lock_);
  bool start_own_thread() noexcept PARWORK_EXCLUDES(own_lock_);
  void note_refused_thread() noexcept;
  void stay_away(worker& w) noexcept PARWORK_EXCLUDES(sleep_lock_);
  [[nodiscard]] bool is_listed(const sleeper& self) noexcept PARWORK_EXCLUDES(sleep_lock_);
  void call_back_those_away() noexcept PARWORK_EXCLUDES(sleep_lock_);
  [[nodiscard]] bool leave_list(sleeper& self) noexcept PARWORK_EXCLUDES(sleep_lock_);

  pool_state& pool_;
  std::atomic<std::uint32_t>& attention_;
  const roster& workers_;
  questions& asks_;

  alignas(64) std::atomic<bool> searching_{false};
  std::atomic<bool> held_back_{false};
  // Work that adds up to this is worth a wake-up, in nanoseconds: more if those who are woken do
  // not stay.
  static constexpr std::int64_t least_worth_waking = 20'000;
  std::atomic<std::int64_t> worth_waking_{least_worth_waking};
  std::atomic<bool> over_{false};
  mutex sleep_lock_;
  sleeper* sleepers_ PARWORK_GUARDED_BY(sleep_lock_) = nullptr;
  sleeper* away_ PARWORK_GUARDED_BY(sleep_lock_) = nullptr;
  std::atomic<unsigned> number_limit_{helper_to_be};  // written under the lock
  parker generator_place_;  // the generator's own thread, waiting for room
  parker collector_place_;  // the collector's own thread, waiting for finished items

  mutex own_lock_;
  std::vector<os_thread> own_threads_ PARWORK_GUARDED_BY(own_lock_);
  std::atomic<unsigned> own_left_{0};
  std::atomic<unsigned> own_refused_{0};
  unsigned next_own_ PARWORK_GUARDED_BY(own_lock_) = 0;
};

}  // namespace parwork::detail
