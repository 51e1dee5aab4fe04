// The thread that writes: takes changes in groups, so that the disk is waited for once a group and
// the collector hardly ever.
//
// Thread safety: any thread may call anything.
//
// Invariants:
// 1. Changes are written in the order in which they were added.
// 2. One group is filled while the other is written, and both together have no more than the limit:
//    so much can a crash cost. Who adds beyond it waits. A group is due when it has half of that.
// 3. The thread sleeps while there is nothing to write, and until a group's time has come.
// 4. After a write has failed what was added before is still tried, and nothing more is taken.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <thread>

#include "journal/group.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class committer {
 public:
  struct limits {
    std::chrono::nanoseconds every;  ///< a group is committed so long after its first record
    std::size_t records;             ///< that are not committed at any time
    std::size_t bytes;               ///< of a group; its last record may exceed them
  };

  /// A group that was written, and why no other may follow, if so.
  struct written {
    std::exception_ptr but = {};
  };

  /// `write(group)` is called on the committer's own thread; what it throws, or returns, `add` and
  /// `flush` throw. Where it throws, the group is not written.
  committer(const limits& most, std::function<written(const group&)> write);
  /// Writes what is left.
  ~committer();
  committer(const committer&) = delete;
  committer& operator=(const committer&) = delete;

  /// Throws what the first failed write threw.
  void add(const change& c) PARWORK_EXCLUDES(lock_);
  /// Returns when everything added before is written, or could not be.
  void drain() noexcept PARWORK_EXCLUDES(lock_);
  /// The same; throws where a write has failed.
  void flush() PARWORK_EXCLUDES(lock_);
  /// By how many records the file has grown, or will have by what was added: less where that could
  /// not be written.
  [[nodiscard]] std::int64_t growth() PARWORK_EXCLUDES(lock_);

 private:
  void run() PARWORK_EXCLUDES(lock_);
  void wait_for_group() PARWORK_REQUIRES(lock_);
  [[nodiscard]] bool is_full() const PARWORK_REQUIRES(lock_) {
    return filling_.size() + in_writing_ >= most_.records || filling_.bytes() >= most_.bytes;
  }
  [[nodiscard]] bool is_due() const PARWORK_REQUIRES(lock_) {
    return closing_ || flushing_ > 0 || filling_.size() >= (most_.records + 1) / 2 ||
           filling_.bytes() >= most_.bytes;
  }

  const limits most_;
  const std::function<written(const group&)> write_;

  mutex lock_;
  std::condition_variable_any due_;       // for the thread: a group is begun, or due
  std::condition_variable_any progress_;  // for others: there is room, and it may be all
  group filling_ PARWORK_GUARDED_BY(lock_);
  group writing_;                                         // the thread's but for the swap
  std::size_t in_writing_ PARWORK_GUARDED_BY(lock_) = 0;  // its changes
  std::uint64_t added_ PARWORK_GUARDED_BY(lock_) = 0;     // changes ever
  std::uint64_t tried_ PARWORK_GUARDED_BY(lock_) = 0;     // those written, or not for an error
  bool closing_ PARWORK_GUARDED_BY(lock_) = false;
  int flushing_ PARWORK_GUARDED_BY(lock_) = 0;
  std::int64_t growth_ PARWORK_GUARDED_BY(lock_) = 0;
  std::exception_ptr error_ PARWORK_GUARDED_BY(lock_);
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace parwork::detail
