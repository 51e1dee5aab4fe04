#include "jobs/process_group.hpp"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace cli {
namespace {

struct process_status {
  char state = 'Z';
  pid_t group = 0;
};

// From /proc/PID/stat: "PID (NAME) STATE PARENT GROUP ...", where a name may have any byte.
process_status status_of(const std::filesystem::path& process) {
  std::ifstream file(process / "stat");
  std::string text;
  std::getline(file, text, '\0');
  const std::size_t name_end = text.rfind(')');
  process_status found;
  pid_t parent = 0;
  if (name_end == std::string::npos) return found;  // it has just gone
  std::istringstream(text.substr(name_end + 1)) >> found.state >> parent >> found.group;
  return found;
}

bool is_number(const std::filesystem::path& name) {
  return std::isdigit(static_cast<unsigned char>(name.native().front())) != 0;
}

}  // namespace

// Dead members may stay for long: whoever has adopted them, process 1 of a container for example,
// may be slow to take their status, or never do.
bool group_is_alive(pid_t group) noexcept {
  if (::kill(-group, 0) != 0) return false;
  try {
    const std::filesystem::directory_iterator processes("/proc");
    return std::ranges::any_of(processes, [group](const auto& each) {
      if (!is_number(each.path().filename())) return false;
      const process_status status = status_of(each.path());
      return status.group == group && status.state != 'Z' && status.state != 'X';
    });
  } catch (...) {
    return true;  // as far as can be told
  }
}

}  // namespace cli
