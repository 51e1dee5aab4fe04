#include "journal/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "parwork/journal_errors.hpp"

namespace parwork::detail {

namespace {

std::int64_t read_pid(int descriptor) {
  char text[24];
  const ssize_t size = ::pread(descriptor, text, sizeof text, 0);
  std::int64_t pid = 0;
  if (size > 0) std::from_chars(text, text + size, pid);
  return pid;
}

bool is_still_there(int descriptor, const std::filesystem::path& file) {
  struct stat opened{}, named{};
  return ::fstat(descriptor, &opened) == 0 && ::stat(file.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// A process that is starting another one shares its lock with that for a moment, until exec: killed
// in that moment, it leaves the lock to what is no holder and about to let go.
constexpr auto patience = std::chrono::seconds(5);
constexpr auto look_again = std::chrono::milliseconds(1);

bool is_dead(std::int64_t pid) {
  return pid > 0 && ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

std::string error_text(int error) { return std::generic_category().message(error); }

}  // namespace

file_lock::file_lock(const std::filesystem::path& journal) : file_(journal.string() + "-lock") {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!try_lock(journal, until)) {
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // Who cannot be named is no reason not to start: a full disk shows soon enough.
  if (::ftruncate(descriptor_, 0) == 0) (void)!::pwrite(descriptor_, pid.data(), pid.size(), 0);
}

bool file_lock::try_lock(const std::filesystem::path& journal,
                         std::chrono::steady_clock::time_point until) {
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    throw journal_unwritable(journal, "needs the lock file " + file_.string() +
                                          ", which cannot be made (" + error_text(errno) +
                                          "): check that its folder exists and may be written");
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::int64_t pid = read_pid(descriptor_);
    ::close(std::exchange(descriptor_, -1));
    if (error == EINTR) return false;
    if (error == EWOULDBLOCK && is_dead(pid) && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(look_again);
      return false;
    }
    if (error == EWOULDBLOCK) throw journal_busy(journal, pid);
    throw journal_unwritable(
        journal, "cannot be locked (" + error_text(error) + "): keep it on a local file system");
  }
  // Its last holder may have taken it away between the two calls.
  if (is_still_there(descriptor_, file_)) return true;
  ::close(std::exchange(descriptor_, -1));
  return false;
}

file_lock::~file_lock() {
  ::unlink(file_.c_str());  // before the lock goes: who gets it then sees that the file is gone
  ::close(descriptor_);
}

}  // namespace parwork::detail
