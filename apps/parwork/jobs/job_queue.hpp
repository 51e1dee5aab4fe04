// Jobs that wait for a slot, the slots, and the room for items that may be read.
//
// Thread safety: every function may be called by any thread, wait_for_room by one.
//
// Invariants:
// 1. At most `slots` jobs are given a slot, and of the slots up to that number; those that are
//    held differ. Where the number falls, more are held until their jobs end.
// 2. At most `slots` jobs and eight others have been read and have not ended: input is read as
//    fast as jobs start. Jobs that wait for another attempt do not count.
// 3. Jobs leave in the order of their items, a repeated one before those behind it. With a
//    journal that knows some of them, which never come here, only among those that wait.
// 4. Nothing is added or taken once it has been stopped.
// 5. A lane that is about to sleep asks next_timed_start after it has changed anything here, so
//    one of them wakes when the delay is over.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <vector>

#include "jobs/job.hpp"
#include "jobs/start_gate.hpp"
#include "parwork/completer.hpp"
#include "support/mutex.hpp"

namespace cli {

/// One that waits for a slot.
struct waiting_job {
  job* which;
  parwork::completer<outcome> done;
};

/// One that holds a slot.
struct assignment {
  waiting_job waiting;
  unsigned slot;
};

/// When a job is tried again that has come back: when another one ends; as soon as it may be; or it
/// is not, because the queue was stopped, and is left with the caller.
enum class tried_again : std::uint8_t { at_an_end, when_it_may, never };

class job_queue {
 public:
  using clock = start_gate::clock;

  /// `delay`: at least so much between two starts.
  explicit job_queue(unsigned slots, std::chrono::nanoseconds delay = std::chrono::nanoseconds(0))
      : is_paced_(delay.count() > 0), slots_(slots), gate_(delay) {}

  /// Waits until another item may be read; false when none shall be. Each true is followed by
  /// add of a first attempt, once, or by skipped.
  [[nodiscard]] bool wait_for_room() CLI_EXCLUDES(mutex_);
  void skipped() CLI_EXCLUDES(mutex_);

  /// So many items may be between wait_for_room and add or skipped, whatever runs: those that a
  /// journal knows are never added.
  void allow_unseen(std::size_t items) CLI_EXCLUDES(mutex_);

  /// Takes the job; false where it has been stopped: the job is left with the caller.
  [[nodiscard]] bool add(waiting_job& next) CLI_EXCLUDES(mutex_);

  /// Whether the first of those that wait may be started now.
  [[nodiscard]] bool has_next() const CLI_EXCLUDES(mutex_);

  /// From when on it may be, where nothing but time is missing: min() for now.
  [[nodiscard]] std::optional<clock::time_point> next_start() const CLI_EXCLUDES(mutex_);

  /// The same for a lane that is about to sleep: nothing where no time has to pass.
  [[nodiscard]] std::optional<clock::time_point> next_timed_start() const {
    return is_paced_ ? next_start() : std::nullopt;
  }

  /// Followed by started or put_back: no other one is given out before, with a delay.
  [[nodiscard]] std::optional<assignment> take() CLI_EXCLUDES(mutex_);
  void started() {
    if (is_paced_) change_gate([](start_gate& gate) { gate.end(); });
  }

  /// From now on there are so many. Those that are held beyond them are left to whom they belong.
  void set_slots(unsigned slots) CLI_EXCLUDES(mutex_);

  /// The highest slot that a job has had.
  [[nodiscard]] unsigned most_slots_used() const CLI_EXCLUDES(mutex_);

  /// When something may be started. Whoever opens the gate wakes a lane.
  void change_gate(const auto& change) CLI_EXCLUDES(mutex_) {
    const mutex_lock lock(mutex_);
    change(gate_);
  }

  /// A job that could not be started for lack of resources.
  [[nodiscard]] tried_again put_back(assignment& held) CLI_EXCLUDES(mutex_);

  /// One that was ended so that it can be started later.
  [[nodiscard]] tried_again give_back(assignment& held) CLI_EXCLUDES(mutex_);

  void release(unsigned slot) CLI_EXCLUDES(mutex_);

  /// Nothing is started any more. True for the first call.
  [[nodiscard]] bool stop() CLI_EXCLUDES(mutex_);
  [[nodiscard]] bool is_stopped() const noexcept { return stopped_; }

  /// Those that waited when it was stopped.
  [[nodiscard]] std::vector<waiting_job> drop_waiting() CLI_EXCLUDES(mutex_);

  [[nodiscard]] std::uint64_t running() const noexcept { return running_; }

  /// How long a slot was free because the next item had not been read.
  [[nodiscard]] std::chrono::nanoseconds waited_for_input() const CLI_EXCLUDES(mutex_);

 private:
  [[nodiscard]] bool has_room() const CLI_REQUIRES(mutex_);
  [[nodiscard]] bool is_ready() const CLI_REQUIRES(mutex_);
  void take_back(assignment& held) CLI_REQUIRES(mutex_);
  void note_arrival(std::uint64_t sequence) CLI_REQUIRES(mutex_);
  void note_input_wait() CLI_REQUIRES(mutex_);

  const bool is_paced_;
  std::atomic<bool> stopped_ = false;  // set under the mutex
  std::atomic<unsigned> running_ = 0;  // changed under the mutex

  mutable mutex mutex_;
  unsigned slots_ CLI_GUARDED_BY(mutex_);
  condition room_;
  std::map<std::uint64_t, waiting_job> waiting_ CLI_GUARDED_BY(mutex_);  // by number
  // All jobs before the first have been added, and the others behind it.
  std::uint64_t next_to_arrive_ CLI_GUARDED_BY(mutex_) = 1;
  std::set<std::uint64_t> early_ CLI_GUARDED_BY(mutex_);
  std::priority_queue<unsigned, std::vector<unsigned>, std::greater<>> free_slots_
      CLI_GUARDED_BY(mutex_);
  unsigned slots_made_ CLI_GUARDED_BY(mutex_) = 0;
  std::size_t unseen_ CLI_GUARDED_BY(mutex_) = 0;       // between wait_for_room and add or skipped
  std::size_t most_unseen_ CLI_GUARDED_BY(mutex_) = 0;  // 0: they count as those that wait
  bool starved_ CLI_GUARDED_BY(mutex_) = false;         // none can be started until one ends
  start_gate gate_ CLI_GUARDED_BY(mutex_);
  std::optional<clock::time_point> without_input_since_ CLI_GUARDED_BY(mutex_);
  std::chrono::nanoseconds without_input_for_ CLI_GUARDED_BY(mutex_){0};  // before that
};

}  // namespace cli
