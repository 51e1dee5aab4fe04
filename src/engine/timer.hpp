// Things that are to happen at a time: the next attempt of a failed item, the deadline of an
// attempt.
//
// One thread leads: it sleeps until the next entry is due, and fires it. An entry whose `fire` may
// block, because it calls what the user gave, is fired by a thread that has handed the lead to
// another one first. So there are as many threads as such calls have blocked at once, and one.
//
// Thread safety: any thread may schedule and cancel. Invariants:
// 1. After `cancel` has returned, the entry is not being fired and will not be, unless the thread
//    that fires it called.
// 2. The timer does not touch an entry once its `fire` has begun.
// 3. While it is not being destroyed, a thread leads, or has been told to.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "engine/alarm.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class timer_entry {
 public:
  // What `fire` calls.
  enum class calls : std::uint8_t { ours, users };

  explicit timer_entry(calls whose) : whose_(whose) {}
  timer_entry(const timer_entry&) = delete;
  timer_entry& operator=(const timer_entry&) = delete;

  virtual void fire() noexcept = 0;

 protected:
  virtual ~timer_entry() = default;

 private:
  friend class timer;
  using schedule_map = std::multimap<std::chrono::steady_clock::time_point, timer_entry*>;

  const calls whose_;
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
  // A call of `fire` that is under way; null: none. Each thread has one.
  struct call {
    timer_entry* entry = nullptr;
    std::thread::id by = {};
  };

  void thread_main(call& own) noexcept;
  [[nodiscard]] bool wait_to_lead() PARWORK_EXCLUDES(lock_);
  void lead(call& own) PARWORK_EXCLUDES(lock_);
  void add_thread() PARWORK_REQUIRES(lock_);
  [[nodiscard]] bool hand_over_lead() noexcept PARWORK_REQUIRES(lock_);
  [[nodiscard]] bool is_being_fired_by_others(const timer_entry& entry) const noexcept
      PARWORK_REQUIRES(lock_);
  timer_entry* take_due(std::chrono::steady_clock::time_point now) PARWORK_REQUIRES(lock_);
  std::chrono::steady_clock::time_point next_look() noexcept PARWORK_REQUIRES(lock_);

  mutex lock_;
  timer_entry::schedule_map entries_ PARWORK_GUARDED_BY(lock_);
  std::vector<std::thread> threads_ PARWORK_GUARDED_BY(lock_);
  std::vector<std::unique_ptr<call>> calls_ PARWORK_GUARDED_BY(lock_);
  bool stopping_ PARWORK_GUARDED_BY(lock_) = false;
  bool is_led_ PARWORK_GUARDED_BY(lock_) = false;
  unsigned followers_ PARWORK_GUARDED_BY(lock_) = 0;  // threads that wait to lead
  bool idle_ PARWORK_GUARDED_BY(lock_) = true;        // nothing was scheduled at the last look
  std::condition_variable_any changed_;               // of who leads and what is fired
  alarm_clock alarm_;                                 // set under the lock, waited for by who leads
};

}  // namespace parwork::detail
