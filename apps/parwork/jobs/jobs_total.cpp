#include "jobs/jobs_total.hpp"

#include <unistd.h>

namespace cli {
namespace {

// With a header the command is made meanwhile, and each job has one item, whatever the command is.
const command_template& to_count_for(const run_settings& settings,
                                     const command_template& command) {
  static const command_template any = command_template::of_words({"true"});
  return settings.input.header ? any : command;
}

}  // namespace

void jobs_total::is(std::uint64_t jobs) {
  halt_.total_is(jobs);
  total_.set(jobs);
}

void jobs_total::find(const job_input& input, const command_template& command,
                      const std::function<bool()>& is_stopped) {
  if (const auto total = input.total()) return is(*total);
  const auto from = countable(settings_.input);
  if (!from) return;
  const bool decides = settings_.halt && settings_.halt->on == halt_on::done &&
                       settings_.halt->unit == halt_unit::per_cent;
  if (!decides) return count_beside(*from, command, input.division());
  const auto total =
      count_jobs(*from, to_count_for(settings_, command), input.division(), is_stopped);
  if (total) is(*total);
}

void jobs_total::count_beside(const input_settings& from, const command_template& command,
                              job_division division) {
  if (settings_.progress == progress_mode::off || isatty(STDERR_FILENO) == 0) return;
  counting_ = std::make_unique<job_count>(from, to_count_for(settings_, command), division,
                                          [this](std::uint64_t jobs) { is(jobs); });
}

}  // namespace cli
