// Jobs that wait for a slot, the slots, and the room for items that may be read.
//
// Thread safety: every function may be called by any thread, wait_for_room by one.
//
// Invariants:
// 1. At most `slots` jobs hold a slot; slots that are held differ.
// 2. At most `slots` jobs and eight others have been read and have not ended: input is read as
//    fast as jobs start. Jobs that wait for another attempt do not count.
// 3. Jobs leave in the order of their items, a repeated one before those behind it. With a
//    journal that knows some of them, which never come here, only among those that wait.
// 4. Nothing is added or taken once it has been stopped.
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

class job_queue {
 public:
  explicit job_queue(unsigned slots) : slots_(slots) {}

  /// Waits until another item may be read; false when none shall be. Each true is followed by
  /// add of a first attempt, once, or by skipped.
  [[nodiscard]] bool wait_for_room() CLI_EXCLUDES(mutex_);
  void skipped() CLI_EXCLUDES(mutex_);

  /// So many items may be between wait_for_room and add or skipped, whatever runs: those that a
  /// journal knows are never added.
  void allow_unseen(std::size_t items) CLI_EXCLUDES(mutex_);

  /// Takes the job; false where it has been stopped: the job is left with the caller.
  [[nodiscard]] bool add(waiting_job& next) CLI_EXCLUDES(mutex_);

  /// Whether a slot is free for the first of those that wait.
  [[nodiscard]] bool has_next() const CLI_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<assignment> take() CLI_EXCLUDES(mutex_);

  /// A job that could not be started for lack of resources. True where another one runs, at whose
  /// end it is tried again.
  [[nodiscard]] bool put_back(assignment& held) CLI_EXCLUDES(mutex_);
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
  using clock = std::chrono::steady_clock;

  [[nodiscard]] bool has_room() const CLI_REQUIRES(mutex_);
  [[nodiscard]] bool may_start() const CLI_REQUIRES(mutex_);
  void note_arrival(std::uint64_t sequence) CLI_REQUIRES(mutex_);
  void note_input_wait() CLI_REQUIRES(mutex_);

  const unsigned slots_;
  std::atomic<bool> stopped_ = false;  // set under the mutex
  std::atomic<unsigned> running_ = 0;  // changed under the mutex

  mutable mutex mutex_;
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
  std::optional<clock::time_point> without_input_since_ CLI_GUARDED_BY(mutex_);
  std::chrono::nanoseconds without_input_for_ CLI_GUARDED_BY(mutex_){0};  // before that
};

}  // namespace cli
