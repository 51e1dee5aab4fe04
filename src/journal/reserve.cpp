#include "journal/reserve.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace parwork::detail {

namespace {

constexpr std::uint64_t enough = 2 << 20;
// Of the room that is set aside: two groups, each as pages of 4 KiB that are filled to two thirds
// at least, and a few pages besides.
constexpr std::uint64_t groups_in_reserve = 8;
constexpr std::uint64_t smallest_group = 16 << 10;  // so that a commit is worth its while

std::uint64_t affordable(const std::filesystem::path& folder) {
  struct statvfs about{};
  if (::statvfs(folder.c_str(), &about) != 0) return 0;
  return std::min<std::uint64_t>(enough, std::uint64_t{about.f_bavail} * about.f_frsize / 4);
}

}  // namespace

reserve::reserve(const std::filesystem::path& journal) : file_(journal.string() + "-reserve") {
  const auto folder = file_.has_parent_path() ? file_.parent_path() : ".";
  const std::uint64_t room = affordable(folder);
  group_bytes_ = static_cast<std::size_t>(std::max(room / groups_in_reserve, smallest_group));
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
