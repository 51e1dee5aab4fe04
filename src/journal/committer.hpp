// The thread that writes: takes changes in groups, so that the disk is waited for once a group and
// the collector hardly ever.
//
// Thread safety: any thread may call anything.
//
// Invariants:
// 1. Changes are written in the order in which they were added.
// 2. One group is filled while the other is written; neither grows beyond its limit. Who adds to a
//    full one waits.
// 3. The thread sleeps while there is nothing to write, and until a group's time has come.
// 4. After a write has failed what was added before is still tried, and nothing more is taken.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <thread>

#include "journal/group.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class committer {
 public:
  /// When a group is committed: at the latest, and at the most of records and of bytes, which the
  /// last record may exceed.
  struct limits {
    std::chrono::nanoseconds every;
    std::size_t records;
    std::size_t bytes;
  };

  /// `write(group)` is called on the committer's own thread; what it throws, `add` and `flush` do.
  committer(const limits& most, std::function<void(const group&)> write);
  /// Writes what is left.
  ~committer();
  committer(const committer&) = delete;
  committer& operator=(const committer&) = delete;

  /// Throws what the first failed write threw.
  void add(const change& c) PARWORK_EXCLUDES(lock_);
  /// Returns when everything added before is written, or throws.
  void flush() PARWORK_EXCLUDES(lock_);
  /// What has been added and is not written yet adds this many records.
  [[nodiscard]] std::int64_t pending() PARWORK_EXCLUDES(lock_);

 private:
  void run() PARWORK_EXCLUDES(lock_);
  void wait_for_group() PARWORK_REQUIRES(lock_);
  [[nodiscard]] bool is_full() const PARWORK_REQUIRES(lock_) {
    return filling_.size() >= most_.records || filling_.bytes() >= most_.bytes;
  }
  [[nodiscard]] bool is_due() const PARWORK_REQUIRES(lock_) {
    return closing_ || flushing_ > 0 || is_full();
  }

  const limits most_;
  const std::function<void(const group&)> write_;

  mutex lock_;
  std::condition_variable_any due_;      // for the thread: a group is begun, or due
  std::condition_variable_any written_;  // for others: there is room, and it may be all
  group filling_ PARWORK_GUARDED_BY(lock_);
  group writing_;  // the thread's while is_writing_
  bool is_writing_ PARWORK_GUARDED_BY(lock_) = false;
  bool closing_ PARWORK_GUARDED_BY(lock_) = false;
  int flushing_ PARWORK_GUARDED_BY(lock_) = 0;
  std::int64_t pending_ PARWORK_GUARDED_BY(lock_) = 0;
  std::exception_ptr error_ PARWORK_GUARDED_BY(lock_);
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace parwork::detail
