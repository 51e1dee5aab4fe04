#include "engine/cpu_quota.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <limits>
#include <locale>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "parwork/cpus.hpp"

namespace parwork::detail {

namespace {

namespace fs = std::filesystem;

enum class version { v1, v2 };

// The process's group in one hierarchy, as /proc/self/cgroup names it.
struct membership {
  version hierarchy;
  std::string group;
};

// A hierarchy, or a part of one, in the file system.
struct mount {
  version hierarchy;
  std::string group;  // the group that is found at `point`
  std::string point;
};

bool lists(std::string_view comma_separated, std::string_view word) {
  while (!comma_separated.empty()) {
    const std::size_t comma = std::min(comma_separated.find(','), comma_separated.size());
    if (comma_separated.substr(0, comma) == word) return true;
    comma_separated.remove_prefix(std::min(comma + 1, comma_separated.size()));
  }
  return false;
}

// Lines are "0::/group" (v2) or "4:cpu,cpuacct:/group" (v1); a group's name may hold colons.
std::vector<membership> read_memberships(const fs::path& root) {
  std::vector<membership> found;
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    if (first == std::string::npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string group = line.substr(second + 1);
    if (!group.starts_with('/')) continue;
    if (line.starts_with("0::")) {
      found.push_back({version::v2, std::move(group)});
    } else if (lists(controllers, "cpu")) {
      found.push_back({version::v1, std::move(group)});
    }
  }
  return found;
}

// mountinfo writes space, tab, newline and backslash as three octal digits: "\040".
std::string unescape(std::string_view text) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
        octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw": the fields before the
// lone "-" vary in number, those that matter do not.
std::vector<mount> read_mounts(const fs::path& root) {
  std::vector<mount> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, group, point, word;
    if (!(fields >> id >> parent >> device >> group >> point)) continue;
    while (fields >> word && word != "-") continue;
    std::string type, options;
    if (!(fields >> type)) continue;
    while (fields >> word) options = word;  // the last field
    if (type == "cgroup2") {
      found.push_back({version::v2, unescape(group), unescape(point)});
    } else if (type == "cgroup" && lists(options, "cpu")) {
      found.push_back({version::v1, unescape(group), unescape(point)});
    }
  }
  return found;
}

// Where the hierarchies are by convention, for systems whose mounts cannot be read.
std::vector<mount> conventional_mounts(version hierarchy) {
  if (hierarchy == version::v2) {
    return {{version::v2, "/", "/sys/fs/cgroup"}, {version::v2, "/", "/sys/fs/cgroup/unified"}};
  }
  return {{version::v1, "/", "/sys/fs/cgroup/cpu,cpuacct"},
          {version::v1, "/", "/sys/fs/cgroup/cpu"}};
}

// `group` as a relative path below `top`, nothing where it is not there.
std::optional<std::string> below(const std::string& group, const std::string& top) {
  if (top == "/") return group.substr(1);
  if (!group.starts_with(top)) return std::nullopt;
  if (group.size() == top.size()) return std::string();
  if (group[top.size()] != '/') return std::nullopt;
  return group.substr(top.size() + 1);
}

std::optional<std::int64_t> to_number(const std::string& text) {
  std::int64_t value = 0;
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  if (!(in >> value) || in.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
  return value;
}

// The words of a small file; none where it cannot be read.
std::vector<std::string> words_of(const fs::path& path) {
  std::vector<std::string> words;
  std::ifstream file(path);
  for (std::string word; words.size() < 4 && file >> word;) words.push_back(word);
  return words;
}

std::optional<unsigned> rounded_up(const std::string& quota, const std::string& period) {
  const auto share = to_number(quota);
  const auto whole = to_number(period);
  if (!share || !whole || *share <= 0 || *whole <= 0) return std::nullopt;
  const std::int64_t cpus = *share / *whole + (*share % *whole != 0 ? 1 : 0);
  return static_cast<unsigned>(std::min<std::int64_t>(cpus, std::numeric_limits<unsigned>::max()));
}

// The quota of one group alone. "max" (v2) and -1 (v1) are no number above 0, hence no quota.
std::optional<unsigned> quota_of(const fs::path& group, version hierarchy) {
  if (hierarchy == version::v2) {
    const auto words = words_of(group / "cpu.max");
    return words.size() == 2 ? rounded_up(words[0], words[1]) : std::nullopt;
  }
  const auto quota = words_of(group / "cpu.cfs_quota_us");
  const auto period = words_of(group / "cpu.cfs_period_us");
  return quota.size() == 1 && period.size() == 1 ? rounded_up(quota[0], period[0]) : std::nullopt;
}

void take_smaller(std::optional<unsigned>& least, std::optional<unsigned> other) {
  if (other && (!least || *other < *least)) least = other;
}

// The smallest quota from the group at `point / relative` up to the one at `point`. Groups that
// are not there have none: in a container, a group may be named by the host's path, of which
// only the last part, `point` itself, is visible.
std::optional<unsigned> quota_on_the_way(const fs::path& root, const mount& at,
                                         const fs::path& relative) {
  const fs::path top = root / fs::path(at.point).relative_path();
  std::optional<unsigned> least = quota_of(top, at.hierarchy);
  fs::path group = top;
  for (const fs::path& part : relative) {
    group /= part;
    take_smaller(least, quota_of(group, at.hierarchy));
  }
  return least;
}

bool leads_upwards(const fs::path& path) {
  return std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

std::optional<unsigned> quota_in(const fs::path& root, const membership& member,
                                 const std::vector<mount>& mounts) {
  std::optional<unsigned> least;
  bool contained = false;
  for (const mount& at : mounts) {
    if (at.hierarchy != member.hierarchy) continue;
    const auto relative = below(member.group, at.group);
    if (relative && !leads_upwards(*relative)) {
      contained = true;
      take_smaller(least, quota_on_the_way(root, at, *relative));
    }
  }
  if (contained) return least;

  // No mount names a group above ours. Inside a container that has a namespace of its own, the
  // group's name is relative to what is mounted.
  const fs::path relative = fs::path(member.group).relative_path();
  if (leads_upwards(relative)) return std::nullopt;
  for (const mount& at : mounts) {
    if (at.hierarchy == member.hierarchy) return quota_on_the_way(root, at, relative);
  }
  return std::nullopt;
}

bool any_of_version(const std::vector<mount>& mounts, version hierarchy) {
  return std::any_of(mounts.begin(), mounts.end(),
                     [=](const mount& at) { return at.hierarchy == hierarchy; });
}

}  // namespace

std::optional<unsigned> cpu_quota(const fs::path& root) {
  const std::vector<mount> mounts = read_mounts(root);
  std::optional<unsigned> least;
  for (const membership& member : read_memberships(root)) {
    const bool known = any_of_version(mounts, member.hierarchy);
    take_smaller(least,
                 quota_in(root, member, known ? mounts : conventional_mounts(member.hierarchy)));
  }
  return least;
}

std::optional<unsigned> affinity_cpus(affinity_call get) {
  // The kernel refuses a mask narrower than its own with EINVAL; its own may be wider than the
  // 1,024 CPUs of a cpu_set_t.
  constexpr std::size_t widest = std::size_t{1} << 20;
  for (std::size_t width = CPU_SETSIZE; width <= widest; width *= 2) {
    const std::size_t bytes = CPU_ALLOC_SIZE(width);
    const auto mask = std::make_unique<cpu_set_t[]>(bytes / sizeof(cpu_set_t));
    if (get(0, bytes, mask.get()) == 0) {
      const int count = CPU_COUNT_S(bytes, mask.get());
      if (count < 1) return std::nullopt;
      return static_cast<unsigned>(count);
    }
    if (errno != EINVAL) return std::nullopt;
  }
  return std::nullopt;
}

unsigned available_cpus(const fs::path& root) {
  const auto affinity = affinity_cpus();
  unsigned cpus = affinity ? *affinity : std::thread::hardware_concurrency();
  if (const auto quota = cpu_quota(root)) cpus = std::min(cpus, *quota);
  return std::max(cpus, 1U);
}

}  // namespace parwork::detail

namespace parwork {

unsigned available_cpus() { return detail::available_cpus("/"); }

}  // namespace parwork
