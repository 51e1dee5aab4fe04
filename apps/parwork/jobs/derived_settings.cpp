#include "jobs/derived_settings.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "jobs/item_groups.hpp"
#include "support/error.hpp"

namespace cli {

namespace {

std::string shell_of(const run_settings& settings) {
  return settings.shell_program.empty() ? "/bin/sh" : settings.shell_program;
}

}  // namespace

command_template template_of(const run_settings& settings, const column_names& names) {
  const auto place = settings.input.blocks ? item_place::nowhere : item_place::in_command;
  if (settings.shell.empty()) return command_template::of_words(settings.command, names, place);
  try {
    return command_template::of_shell(settings.shell, names, shell_of(settings), place);
  } catch (const error& fault) {
    throw error(std::string("--shell: ") + fault.what());
  }
}

// A journal has a job's output also where that is not shown.
output_mode mode_of(const run_settings& settings) {
  const bool recorded = settings.output == output_mode::none && !settings.journal.empty();
  return recorded ? output_mode::group : settings.output;
}

// With a header, whose names it may use, it is made when that has been read: before any job.
command_template template_without_header(const run_settings& settings) {
  return settings.input.header ? command_template::of_words({"true"}) : template_of(settings);
}

// With a journal jobs are a little smaller: they have to fit where a resumed run's environment is
// larger.
job_division division_for(const run_settings& settings) {
  constexpr std::size_t spare = std::size_t{64} * 1024;
  const std::size_t room = room_for_arguments();
  const bool kept = !settings.journal.empty();
  return {kept ? room - std::min(room / 4, spare) : room, std::max(settings.workers, 1U)};
}

}  // namespace cli
