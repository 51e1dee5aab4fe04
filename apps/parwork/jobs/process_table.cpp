#include "jobs/process_table.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>

#include "support/descriptor.hpp"

namespace cli {
namespace {

// A larger environment than this has no room on a command line of most limits.
constexpr std::size_t most_environment = std::size_t{4} * 1024 * 1024;

// Empty where it cannot be read.
std::string contents_of(const std::string& path, std::size_t most) {
  const descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> part{};
  while (file.is_open() && text.size() < most) {
    const ssize_t count = read(file.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  return text;
}

// False where the text does not begin with one.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return fault == std::errc();
}

void skip_fields(std::string_view& text, int count) {
  for (; count > 0; --count) {
    const std::size_t space = text.find(' ');
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
}

// Whether the text is all of a number.
template <class Number>
bool is_number(std::string_view text, Number& number) {
  return take_number(text, number) && text.empty();
}

std::optional<process_entry> process_with(pid_t number) {
  return parse_process(contents_of("/proc/" + std::to_string(number) + "/stat", 4096));
}

}  // namespace

// "PID (NAME) STATE PARENT GROUP SESSION ...", where a name may have any byte; the start is the
// 22nd.
std::optional<process_entry> parse_process(std::string_view text) {
  process_entry found;
  const std::size_t name = text.find('(');
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name >= name_end || name_end + 4 > text.size()) {
    return std::nullopt;
  }
  found.name = text.substr(name + 1, name_end - name - 1);
  const char state = text[name_end + 2];
  found.is_dead = state == 'Z' || state == 'X';
  std::string_view rest = text.substr(name_end + 4);
  if (!take_number(text, found.id.pid) || !take_number(rest, found.parent)) return std::nullopt;
  skip_fields(rest, 1);
  if (!take_number(rest, found.group)) return std::nullopt;
  skip_fields(rest, 1);
  if (!take_number(rest, found.session)) return std::nullopt;
  skip_fields(rest, 16);
  if (!take_number(rest, found.id.start)) return std::nullopt;
  return found;
}

process_table read_processes() {
  process_table all;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc"), closedir);
  if (!folder) return all;
  while (const dirent* const each = readdir(folder.get())) {
    pid_t number = 0;
    if (!is_number(std::string_view(each->d_name), number)) continue;
    if (auto found = process_with(number)) all.push_back(*std::move(found));
  }
  std::ranges::sort(all, {}, [](const process_entry& each) { return each.id.pid; });
  return all;
}

std::optional<process_origin> parse_origin(std::string_view environment) {
  process_origin found;
  bool has_sequence = false;
  bool has_attempt = false;
  while (!environment.empty()) {
    const std::string_view each = environment.substr(0, environment.find('\0'));
    environment.remove_prefix(std::min(each.size() + 1, environment.size()));
    const std::size_t equals = each.find('=');
    if (!each.starts_with("PARWORK_") || equals == std::string_view::npos) continue;
    const std::string_view name = each.substr(0, equals);
    const std::string_view value = each.substr(equals + 1);
    if (name == "PARWORK_RUN") found.run = value;
    if (name == "PARWORK_SEQ") has_sequence = is_number(value, found.sequence);
    if (name == "PARWORK_ATTEMPT") has_attempt = is_number(value, found.attempt);
  }
  if (found.run.empty() || !has_sequence || !has_attempt) return std::nullopt;
  return found;
}

std::optional<process_origin> origin_of(pid_t process) {
  return parse_origin(
      contents_of("/proc/" + std::to_string(process) + "/environ", most_environment));
}

// The descriptor keeps what has the number now; only then is it looked at. Without one, for lack of
// open files, the moment between the look and the signal is all that a later process would have.
void signal_process(const process_id& which, int number) noexcept {
  const descriptor held(static_cast<int>(syscall(SYS_pidfd_open, which.pid, 0)));
  try {
    const auto now = process_with(which.pid);
    if (!now || now->id != which) return;
  } catch (...) {  // no memory: it stays, and is met again
    return;
  }
  if (held.is_open()) {
    syscall(SYS_pidfd_send_signal, held.get(), number, nullptr, 0);
  } else {
    kill(which.pid, number);
  }
}

}  // namespace cli
