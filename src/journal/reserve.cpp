#include "journal/reserve.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace parwork::detail {

namespace {

// Two groups of records, as they come to lie in SQLite's log, are below 1 MiB: see group.hpp.
constexpr std::uint64_t enough = 2 << 20;

std::uint64_t affordable(const std::filesystem::path& folder) {
  struct statvfs about{};
  if (::statvfs(folder.c_str(), &about) != 0) return 0;
  return std::min<std::uint64_t>(enough, std::uint64_t{about.f_bavail} * about.f_frsize / 4);
}

}  // namespace

reserve::reserve(const std::filesystem::path& journal) : file_(journal.string() + "-reserve") {
  const auto folder = file_.has_parent_path() ? file_.parent_path() : ".";
  const std::uint64_t room = affordable(folder);
  const int descriptor = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, 0666);
  if (descriptor < 0) return;
  // Blocks, not a hole. What a file system cannot set aside, it does without.
  held_ = room > 0 && ::fallocate(descriptor, 0, 0, static_cast<off_t>(room)) == 0;
  ::close(descriptor);
  if (!held_) ::unlink(file_.c_str());
}

bool reserve::release() noexcept {
  return std::exchange(held_, false) && ::unlink(file_.c_str()) == 0;
}

}  // namespace parwork::detail
