#include "commands/commands.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "output/output_writer.hpp"
#include "support/status.hpp"

namespace cli {

extern const command run_command, resume_command, results_command, report_command, worker_command,
    status_command;

namespace {

constexpr std::array<const command*, 6> all_commands{
    &run_command,    &resume_command, &results_command,
    &report_command, &worker_command, &status_command,
};

}  // namespace

std::span<const command* const> commands() { return all_commands; }

const command* find_command(std::string_view name) {
  const auto found = std::ranges::find(all_commands, name, &command::name);
  return found == all_commands.end() ? nullptr : *found;
}

int print(std::string_view text) {
  const int fault = write_all(STDOUT_FILENO, text);
  if (fault != 0) throw output_lost(stream::out, fault);
  return status::success;
}

}  // namespace cli
