// Which attempt gives its memory back: the youngest, and one at a time.
//
// The last one that runs is left alone: it may need all the memory that there is, and the run has
// to get on. Thread safety: every function may be called by any thread.
#pragma once

#include <cstdint>
#include <set>

#include "support/mutex.hpp"

namespace cli {

class yielding {
 public:
  /// An attempt runs; returns its number. Numbers ascend.
  [[nodiscard]] std::uint64_t begin() CLI_EXCLUDES(mutex_) {
    const mutex_lock lock(mutex_);
    running_.insert(++last_);
    return last_;
  }

  void end(std::uint64_t number) CLI_EXCLUDES(mutex_) {
    const mutex_lock lock(mutex_);
    running_.erase(number);
    if (chosen_ == number) chosen_ = 0;
  }

  /// True where another one is to be ended now.
  [[nodiscard]] bool choose_youngest() CLI_EXCLUDES(mutex_) {
    const mutex_lock lock(mutex_);
    if (chosen_ != 0 || running_.size() < 2) return false;
    chosen_ = *running_.rbegin();
    return true;
  }

  /// The one that is to be ended, or 0.
  [[nodiscard]] std::uint64_t chosen() const CLI_EXCLUDES(mutex_) {
    const mutex_lock lock(mutex_);
    return chosen_;
  }

 private:
  mutable mutex mutex_;
  std::set<std::uint64_t> running_ CLI_GUARDED_BY(mutex_);
  std::uint64_t last_ CLI_GUARDED_BY(mutex_) = 0;
  std::uint64_t chosen_ CLI_GUARDED_BY(mutex_) = 0;
};

}  // namespace cli
