// How much each lane has to do, and which of them is to look for the next job.
//
// It knows lanes by the wake-ups that it makes for them. Thread safety: every function may be
// called by any thread.
#pragma once

#include <cstddef>
#include <deque>

#include "support/descriptor.hpp"
#include "support/mutex.hpp"

namespace cli {

class lane_loads {
 public:
  /// A lane that looks for a job by itself, at first. Returns its number, from 0.
  [[nodiscard]] std::size_t add() CLI_EXCLUDES(mutex_);

  /// What wakes a lane; lives as long as this.
  [[nodiscard]] wake_up& wake_up_of(std::size_t lane) CLI_EXCLUDES(mutex_);

  /// Whether no lane is there that has nothing to do.
  [[nodiscard]] bool all_busy() const CLI_EXCLUDES(mutex_);

  /// A lane has so many jobs.
  void set(std::size_t lane, std::size_t jobs) CLI_EXCLUDES(mutex_);

  /// A lane with so many jobs wants another one. False where a lane with fewer jobs is woken for
  /// it instead: a lane waits while it starts a process, and the others' jobs shall not wait too.
  [[nodiscard]] bool may_take(std::size_t lane, std::size_t has) CLI_EXCLUDES(mutex_);

  /// REQUIRES: there is a lane.
  void wake_idlest() CLI_EXCLUDES(mutex_);
  void wake_all() noexcept CLI_EXCLUDES(mutex_);

 private:
  struct entry {
    wake_up lane = {};
    std::size_t jobs = 1;  // those that it has, or had lately, and those that it was woken for
  };

  [[nodiscard]] entry& idlest() CLI_REQUIRES(mutex_);
  void wake(entry& which) noexcept CLI_REQUIRES(mutex_);

  mutable mutex mutex_;
  std::deque<entry> lanes_ CLI_GUARDED_BY(mutex_);
};

}  // namespace cli
