// The threads of a pool, and to which runs they are lent.
//
// Thread safety: by its lock. Invariants:
// 1. A thread is idle (in the list), or assigned to one run, whose `present` counts it.
// 2. A run that is attached stays alive: `detach` waits until nobody is present.
// 3. A run is told that it is `lendable` exactly while an idle thread could join it, or one may be
//    started for it.
#pragma once

#include <exception>
#include <memory>
#include <vector>

#include "engine/os_thread.hpp"
#include "engine/parker.hpp"
#include "engine/pool_client.hpp"
#include "engine/process_generation.hpp"
#include "engine/thread_maker.hpp"
#include "engine/timer.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

struct pool_thread {
  os_thread thread;
  parker place;
  // Guarded by the pool's lock.
  bool idle = false;
  pool_client* assigned = nullptr;
  unsigned number = 0;  // the worker it is in that run
  searching search{};   // whether it is the one that the run's makers rely on
};

class pool_state {
 public:
  // When the constructor returns: as soon as the threads are started, or when each has begun.
  enum class starting { at_once, waited_for };

  explicit pool_state(unsigned size, pool_options given = {}, starting how = starting::at_once);
  ~pool_state();
  pool_state(const pool_state&) = delete;
  pool_state& operator=(const pool_state&) = delete;

  [[nodiscard]] unsigned size() const noexcept { return size_; }
  [[nodiscard]] timer& timers() noexcept { return timer_; }
  // For threads that runs add.
  [[nodiscard]] thread_maker& threads() noexcept { return maker_; }

  // Whether a fork has copied it, without its threads.
  [[nodiscard]] bool is_of_parent() const noexcept { return generation_ != process_generation(); }
  // Instead of destroying such a one.
  static void keep_for_ever(std::unique_ptr<pool_state> of_parent);

  // The pool whose run the calling thread is working for; null: none.
  [[nodiscard]] static pool_state* current() noexcept;
  // Whether the calling thread is one of this pool's own.
  [[nodiscard]] bool owns_this_thread() const noexcept;

  void attach(pool_client& r) PARWORK_EXCLUDES(lock_);
  // Waits until no thread of the pool is in the run. REQUIRES: the run is finished.
  void detach(pool_client& r) PARWORK_EXCLUDES(lock_);

  // Sends an idle thread to the run; false where there is none.
  bool lend(pool_client& r) PARWORK_EXCLUDES(lock_);
  // The run may have `most` of the pool's threads from now on, or as many as it has seats.
  void allow(pool_client& r, unsigned most) PARWORK_EXCLUDES(lock_);
  // The run's need for threads has changed.
  void update(pool_client& r) PARWORK_EXCLUDES(lock_);

  // A run has held back a wake-up: it is looked after a few milliseconds from now. False where the
  // system has no memory or thread for that.
  bool watch() noexcept;

 private:
  // Looks after the runs that have held back wake-ups.
  class sentry final : public timer_entry {
   public:
    explicit sentry(pool_state& pool) noexcept : timer_entry(calls::ours), pool_(pool) {}
    void fire() noexcept override { pool_.look_after_runs(); }

   private:
    pool_state& pool_;
  };
  void look_after_runs() noexcept PARWORK_EXCLUDES(lock_);
  void pin_held_back() noexcept PARWORK_EXCLUDES(lock_);
  [[nodiscard]] pool_client* take_pinned() noexcept PARWORK_EXCLUDES(lock_);

  // What the threads of a pool that waits for them have come to.
  struct beginnings;
  void start_threads(starting how);
  void stop_threads() PARWORK_EXCLUDES(lock_);
  void thread_main(pool_thread& self);
  void lie_down(pool_thread& self) PARWORK_EXCLUDES(lock_);
  void leave(pool_client& r, const pool_thread& self, bool helped) PARWORK_EXCLUDES(lock_);
  void call_off(pool_client& r) PARWORK_REQUIRES(lock_);
  [[nodiscard]] static unsigned take_number(lending& terms) noexcept;
  static bool eligible(pool_client& r, const pool_thread& thread);
  void assign(pool_client& r, pool_thread& thread, searching search) PARWORK_REQUIRES(lock_);
  void refresh(pool_client& r) PARWORK_REQUIRES(lock_);
  void refresh_all() PARWORK_REQUIRES(lock_);

  const unsigned size_;
  const unsigned generation_ = process_generation();
  thread_maker maker_;
  mutex lock_;
  std::vector<std::unique_ptr<pool_thread>> threads_;  // does not change after construction
  std::vector<pool_thread*> idle_ PARWORK_GUARDED_BY(lock_);
  std::vector<pool_client*> runs_ PARWORK_GUARDED_BY(lock_);
  bool stopping_ PARWORK_GUARDED_BY(lock_) = false;
  std::atomic<bool> watching_{false};
  sentry sentry_{*this};
  timer timer_;  // last: its thread ends before the sentry does
};

// While it lives, the calling thread works for `pool`: nested runs use it.
class working_for {
 public:
  explicit working_for(pool_state& pool) noexcept;
  ~working_for();
  working_for(const working_for&) = delete;
  working_for& operator=(const working_for&) = delete;

 private:
  pool_state* const before_;
};

}  // namespace parwork::detail
