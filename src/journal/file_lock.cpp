#include "journal/file_lock.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/journal_errors.hpp"

namespace parwork::detail {

namespace {

// Bytes of the journal that are locked and never there: SQLite's own are at 2^30. The second one is
// locked in the name of the process, so that others are told which it is.
constexpr off_t locked_byte = off_t{1} << 62;
constexpr off_t owner_byte = locked_byte + 1;

// A process that is starting another one shares its lock with that for a moment, until exec: killed
// in that moment, it leaves the lock to what is no holder and about to let go.
constexpr auto patience = std::chrono::seconds(5);
constexpr auto look_again = std::chrono::milliseconds(1);

struct flock one_byte(off_t at) {
  struct flock what{};
  what.l_type = F_WRLCK;
  what.l_whence = SEEK_SET;
  what.l_start = at;
  what.l_len = 1;
  return what;
}

std::int64_t read_pid(int descriptor) {
  char text[24];
  const ssize_t size = ::pread(descriptor, text, sizeof text, 0);
  std::int64_t pid = 0;
  if (size > 0) std::from_chars(text, text + size, pid);
  return pid;
}

// 0: nobody that can be named.
std::int64_t owner_of(int descriptor) {
  struct flock what = one_byte(owner_byte);
  const bool told = ::fcntl(descriptor, F_GETLK, &what) == 0 && what.l_type != F_UNLCK;
  return told ? what.l_pid : 0;
}

bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool is_still_there(int descriptor, const std::filesystem::path& file) {
  struct stat opened{}, named{};
  return ::fstat(descriptor, &opened) == 0 && ::stat(file.c_str(), &named) == 0 &&
         is_same(opened, named);
}

bool is_dead(std::int64_t pid) {
  return pid > 0 && ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

std::string error_text(int error) { return std::generic_category().message(error); }

std::string in_use_as(std::int64_t pid, const std::string& name) {
  return "is in use by " + (pid == 0 ? "another process" : "process " + std::to_string(pid)) +
         " under " + name + ": wait for its end, or name another file";
}

[[noreturn]] void refuse_to_lock(const std::filesystem::path& journal, int error) {
  throw journal_unwritable(
      journal, "cannot be locked (" + error_text(error) + "): keep it on a local file system");
}

int open_journal(const std::filesystem::path& journal) {
  const int descriptor = ::open(journal.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
  if (descriptor >= 0) return descriptor;
  const int error = errno;
  const bool forbidden = error == EACCES || error == EPERM || error == EROFS;
  throw journal_unwritable(journal, forbidden
                                        ? "may not be written (" + error_text(error) +
                                              "): check the permissions of the file and its folder"
                                        : "cannot be opened or made (" + error_text(error) +
                                              "): check that its folder exists and may be written");
}

}  // namespace

journal_busy busy_elsewhere(const std::filesystem::path& journal, std::int64_t owner) {
  return {journal, owner,
          "was open in process " + std::to_string(owner) +
              " when this one was forked off, and may be used there alone: open it after the fork, "
              "or in a program that this process executes"};
}

// The locks that this process holds. Never destroyed: a journal may be a static object.
class file_lock::open_ones {
 public:
  static open_ones& get() {
    static open_ones& only = *new open_ones;
    return only;
  }

  // Held while one is opened and while the process is forked.
  std::mutex& lock() noexcept { return lock_; }

  // Null, or the one that has this file open. REQUIRES: lock().
  [[nodiscard]] const file_lock* find(const struct stat& wanted) const {
    const auto found = std::ranges::find_if(all_, [&](const entry& each) {
      return each.device == wanted.st_dev && each.inode == wanted.st_ino;
    });
    return found == all_.end() ? nullptr : found->holder;
  }
  void add(const struct stat& file, file_lock* holder) {
    all_.push_back({file.st_dev, file.st_ino, holder});
  }
  // A fork's copy stays: SQLite's part of it stays open.
  void remove(const file_lock* holder) noexcept {
    std::erase_if(all_, [&](const entry& each) { return each.holder == holder; });
  }

 private:
  struct entry {
    dev_t device;
    ino_t inode;
    file_lock* holder;
  };

  open_ones() {
    ::pthread_atfork([] { get().lock_.lock(); }, [] { get().lock_.unlock(); },
                     [] {
                       for (const entry& each : get().all_) each.holder->disown();
                       get().lock_.unlock();
                     });
  }

  std::mutex lock_;
  std::vector<entry> all_;
};

file_lock::file_lock(std::filesystem::path journal)
    : journal_(std::move(journal)), beside_(journal_.string() + "-lock"), owner_(::getpid()) {
  const auto until = clock::now() + patience;
  try {
    while (!lock_name(until)) {
    }
    while (!lock_file(until)) std::this_thread::sleep_for(look_again);
  } catch (...) {
    unlock();
    throw;
  }
  const std::string pid = std::to_string(owner_) + "\n";
  // Who cannot be named is no reason not to start: a full disk shows soon enough.
  if (::ftruncate(name_, 0) == 0) (void)!::pwrite(name_, pid.data(), pid.size(), 0);
}

bool file_lock::lock_name(clock::time_point until) {
  name_ = ::open(beside_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (name_ < 0) {
    throw journal_unwritable(journal_, "needs the lock file " + beside_.string() +
                                           ", which cannot be made (" + error_text(errno) +
                                           "): check that its folder exists and may be written");
  }
  if (::flock(name_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::int64_t pid = read_pid(name_);
    ::close(std::exchange(name_, -1));
    if (error == EINTR) return false;
    if (error != EWOULDBLOCK) refuse_to_lock(journal_, error);
    if (!is_dead(pid) || clock::now() >= until) throw journal_busy(journal_, pid);
    std::this_thread::sleep_for(look_again);
    return false;
  }
  // Its last holder may have taken it away between the two calls.
  if (is_still_there(name_, beside_)) return true;
  ::close(std::exchange(name_, -1));
  return false;
}

bool file_lock::lock_file(clock::time_point until) {
  open_ones& open = open_ones::get();
  const std::lock_guard guard(open.lock());
  struct stat about{};
  if (::stat(journal_.c_str(), &about) == 0) {
    if (const file_lock* const other = open.find(about)) {
      if (other->is_inherited()) throw busy_elsewhere(journal_, other->owner_);
      throw journal_busy(journal_, owner_,
                         in_use_as(owner_, "the name " + other->journal_.string()));
    }
    if (!S_ISREG(about.st_mode)) {
      throw journal_unwritable(journal_, "is no regular file: name another one");
    }
  }
  file_ = open_journal(journal_);
  struct flock what = one_byte(locked_byte);
  if (::fcntl(file_, F_OFD_SETLK, &what) != 0) {
    const int error = errno;
    const std::int64_t pid = owner_of(file_);
    ::close(std::exchange(file_, -1));
    if (error == EINTR) return false;
    if (error != EAGAIN && error != EACCES) refuse_to_lock(journal_, error);
    if (pid == 0 && clock::now() < until) return false;
    throw journal_busy(journal_, pid, in_use_as(pid, "another name, a hard link"));
  }
  if (!is_still_there(file_, journal_) || ::fstat(file_, &about) != 0) {
    ::close(std::exchange(file_, -1));
    return false;
  }
  open.add(about, this);
  return true;
}

void file_lock::name_owner() const noexcept {
  struct flock what = one_byte(owner_byte);
  (void)::fcntl(file_, F_SETLK, &what);
}

// In the child of a fork, where other threads may have held any lock: system calls alone.
void file_lock::disown() noexcept {
  inherited_.store(true, std::memory_order_relaxed);
  ::close(std::exchange(name_, -1));
  ::close(std::exchange(file_, -1));
}

void file_lock::unlock() noexcept {
  if (name_ >= 0) {
    ::unlink(beside_.c_str());  // before the lock goes: who gets it then sees that the file is gone
    (void)::flock(name_, LOCK_UN);  // also where what was started of late has a copy of it
    ::close(std::exchange(name_, -1));
  }
  if (file_ >= 0) {
    struct flock what = one_byte(locked_byte);
    what.l_type = F_UNLCK;
    (void)::fcntl(file_, F_OFD_SETLK, &what);
    ::close(std::exchange(file_, -1));
  }
}

// REQUIRES: not inherited. A fork's copy is never destroyed: see journal_store.
file_lock::~file_lock() {
  open_ones& open = open_ones::get();
  const std::lock_guard guard(open.lock());
  open.remove(this);
  unlock();
}

}  // namespace parwork::detail
