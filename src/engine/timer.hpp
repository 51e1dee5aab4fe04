// Things that are to happen at a time: the next attempt of a failed item, the deadline of an
// attempt.
//
// Thread safety: any thread may schedule and cancel. `fire` runs on the timer's own thread, which
// starts with `start` and sleeps until the next one is due. Invariants: after `cancel` has
// returned, the entry is not being fired and will not be, unless it was the timer's thread that
// called. The timer does not touch an entry once its `fire` has begun.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "engine/alarm.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class timer_entry {
 public:
  timer_entry() = default;
  timer_entry(const timer_entry&) = delete;
  timer_entry& operator=(const timer_entry&) = delete;

  virtual void fire() noexcept = 0;

 protected:
  virtual ~timer_entry() = default;

 private:
  friend class timer;
  using schedule_map = std::multimap<std::chrono::steady_clock::time_point, timer_entry*>;

  // Both guarded by the timer's lock.
  schedule_map::iterator place_ = {};
  bool scheduled_ = false;
};

class timer {
 public:
  timer() = default;
  ~timer();
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

  // Once, before anything is scheduled. May throw std::system_error.
  void start() PARWORK_EXCLUDES(lock_);

  // REQUIRES: the entry is not scheduled. May throw std::bad_alloc.
  void schedule(timer_entry& entry, std::chrono::steady_clock::time_point when)
      PARWORK_EXCLUDES(lock_);

  // True where the entry had not been fired. Waits for a `fire` that is under way.
  bool cancel(timer_entry& entry) noexcept PARWORK_EXCLUDES(lock_);

 private:
  void thread_main() noexcept;
  timer_entry* take_due(std::chrono::steady_clock::time_point now) PARWORK_REQUIRES(lock_);
  std::chrono::steady_clock::time_point next_look() noexcept PARWORK_REQUIRES(lock_);

  mutex lock_;
  timer_entry::schedule_map entries_ PARWORK_GUARDED_BY(lock_);
  std::thread thread_ PARWORK_GUARDED_BY(lock_);
  bool stopping_ PARWORK_GUARDED_BY(lock_) = false;
  bool idle_ PARWORK_GUARDED_BY(lock_) = true;  // nothing was scheduled at the last look
  std::atomic<timer_entry*> firing_{nullptr};   // set under the lock; compared only, never followed
  std::atomic<std::thread::id> thread_id_{};
  alarm_clock alarm_;  // set under the lock
};

}  // namespace parwork::detail
