// One process at a time: a lock on the journal itself, which holds whatever name it was opened by,
// and a lock file beside it, which also says who has it.
//
// SQLite's own locks are of no use for that: they come and go with each transaction. These are the
// kernel's and belong to what was opened (flock, and an "open file description lock" on a byte that
// SQLite does not use), so they end with their holder, however that ends. The lock file is taken
// away by a holder that ends in order, and does no harm where it stays.
//
// Thread safety: a lock belongs to one thread at a time; `is_inherited` may be called by any.
//
// Invariants:
// 1. A process closes no descriptor of a journal that it has open: that would end SQLite's locks,
//    which belong to the process and the file. So it looks for the file among those that it has
//    open before it opens it, and the lock outlives SQLite's connection.
// 2. What a fork copies holds nothing: the child closes its copies before `fork` returns there.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>

#include "parwork/journal_errors.hpp"

namespace parwork::detail {

/// What the child of a fork is told of a journal that its parent had open.
[[nodiscard]] journal_busy busy_elsewhere(const std::filesystem::path& journal, std::int64_t owner);

class file_lock {
 public:
  /// Makes the file where there is none. Throws `journal_busy` where another holds it, in this
  /// process too, and `journal_unwritable` where it or the lock file cannot be opened or made.
  /// Waits, for some seconds at most, where the holder is dead and what it was starting still has
  /// the lock. REQUIRES: a real path.
  explicit file_lock(std::filesystem::path journal);
  ~file_lock();
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;

  /// Lets those that the lock keeps out see which process has it, where they came by a hard link.
  /// To be called when SQLite has its log open: until then it ends all locks of the process now and
  /// then.
  void name_owner() const noexcept;

  /// Whether it is the copy that a fork made of another process's lock: it locks nothing.
  [[nodiscard]] bool is_inherited() const noexcept {
    return inherited_.load(std::memory_order_relaxed);  // set before any thread of the child starts
  }
  /// The process that locked it.
  [[nodiscard]] std::int64_t owner() const noexcept { return owner_; }

 private:
  using clock = std::chrono::steady_clock;
  class open_ones;  // those of this process

  // Each opens and locks. False: again, since the file was taken away meanwhile, or its holder is
  // dead and `until` has not come.
  bool lock_name(clock::time_point until);
  bool lock_file(clock::time_point until);
  void disown() noexcept;
  void unlock() noexcept;

  const std::filesystem::path journal_;
  const std::filesystem::path beside_;
  const std::int64_t owner_;
  int name_ = -1;  // of the lock file
  int file_ = -1;  // of the journal
  std::atomic<bool> inherited_ = false;
};

}  // namespace parwork::detail
