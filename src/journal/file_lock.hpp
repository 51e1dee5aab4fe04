// One process at a time: a lock file beside the journal, which also says who has it.
//
// SQLite's own locks are of no use for that: they come and go with each transaction. The lock is
// the kernel's (flock), so it ends with its holder, however that ends; the file is taken away by a
// holder that ends in order, and does no harm where it stays.
//
// Thread safety: a lock belongs to one thread at a time.
#pragma once

#include <chrono>
#include <filesystem>

namespace parwork::detail {

class file_lock {
 public:
  /// Throws `journal_busy` where another holds it, in this process too, and `journal_unwritable`
  /// where the lock file cannot be made. Waits, for some seconds at most, where the holder is dead
  /// and what it was starting still has the lock.
  explicit file_lock(const std::filesystem::path& journal);
  ~file_lock();
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;

 private:
  // Opens and locks; false where the file was taken away meanwhile, and until then where its
  // holder is dead.
  bool try_lock(const std::filesystem::path& journal, std::chrono::steady_clock::time_point until);

  const std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace parwork::detail
