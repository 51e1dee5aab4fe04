// The processes of the machine at one moment, as /proc shows them.
//
// Thread safety: a table belongs to one thread. It is not exact: processes come and go while it is
// read, so a process that changed its parent meanwhile is seen with the old or the new one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// Tells a process from a later one that got its number.
struct process_id {
  pid_t pid = -1;
  std::uint64_t start = 0;  // clock ticks since the machine started

  friend bool operator==(const process_id&, const process_id&) = default;
};

struct process_entry {
  process_id id;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  std::string name;
  bool is_dead = false;  // nobody has taken its status yet
};

using process_table = std::vector<process_entry>;

/// By number. Empty where /proc cannot be read. Cost: about 10 microseconds a process.
[[nodiscard]] process_table read_processes();

/// The text of /proc/PID/stat; nothing where it is none.
[[nodiscard]] std::optional<process_entry> parse_process(std::string_view text);

/// Which attempt of which run started a process, as PARWORK_* of its environment say.
struct process_origin {
  std::uint64_t sequence = 0;
  unsigned attempt = 0;
  std::string run;  // PARWORK_RUN

  friend bool operator==(const process_origin&, const process_origin&) = default;
};

/// Nothing where its environment cannot be read, or does not say it.
[[nodiscard]] std::optional<process_origin> origin_of(pid_t process);

/// The same of the text of /proc/PID/environ.
[[nodiscard]] std::optional<process_origin> parse_origin(std::string_view environment);

/// Sends a signal to that process, and to no later one with its number.
void signal_process(const process_id& which, int number) noexcept;

}  // namespace cli
