#include "jobs/machine.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

namespace cli {
namespace {

std::optional<std::uint64_t> number_at(std::string_view text) {
  std::uint64_t value = 0;
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  text.remove_prefix(first);
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() ? std::optional(value) : std::nullopt;
}

// The first line of a file that holds one number; nothing for "max", which is none.
std::optional<std::uint64_t> number_in(const std::filesystem::path& file) {
  std::ifstream opened(file);
  std::string line;
  if (!std::getline(opened, line)) return std::nullopt;
  return number_at(line);
}

// What follows a name at the beginning of a line.
std::optional<std::uint64_t> number_behind(const std::filesystem::path& file,
                                           std::string_view name) {
  std::ifstream opened(file);
  for (std::string line; std::getline(opened, line);) {
    if (line.starts_with(name)) return number_at(std::string_view(line).substr(name.size()));
  }
  return std::nullopt;
}

}  // namespace

// Source: proc(5): the fourth field of /proc/loadavg is RUNNABLE/ALL, of threads.
std::optional<unsigned> machine::runnable() const {
  std::ifstream opened(root_ / "proc/loadavg");
  std::string average, both;
  for (int i = 0; i < 3; ++i) opened >> average;
  if (!(opened >> both)) return std::nullopt;
  const auto all = number_at(both);
  if (!all) return std::nullopt;
  return static_cast<unsigned>(std::max<std::uint64_t>(*all, 1) - 1);
}

// Source: Documentation/admin-guide/cgroup-v2.rst of Linux.
std::optional<memory_state> machine::memory_of_group(const std::filesystem::path& group) const {
  const auto most = number_in(group / "memory.max");
  const auto used = number_in(group / "memory.current");
  if (!most || !used) return std::nullopt;
  const auto files = number_behind(group / "memory.stat", "inactive_file ").value_or(0);
  const std::uint64_t held = *used > files ? *used - files : 0;
  return memory_state{*most > held ? *most - held : 0, *most};
}

std::optional<memory_state> machine::memory() const {
  const auto info = root_ / "proc/meminfo";
  const auto available = number_behind(info, "MemAvailable:");
  const auto total = number_behind(info, "MemTotal:");
  if (!available || !total) return std::nullopt;
  memory_state least{*available * 1024, *total * 1024};
  std::ifstream groups(root_ / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    const auto top = root_ / "sys/fs/cgroup";
    std::filesystem::path group = std::string_view(line).substr(4);
    while (true) {  // the limit of any group above counts as well
      if (const auto its = memory_of_group(top / group)) {
        least.available = std::min(least.available, its->available);
        least.total = std::min(least.total, its->total);
      }
      if (group.empty()) break;
      group = group.parent_path();
    }
  }
  return least;
}

}  // namespace cli
