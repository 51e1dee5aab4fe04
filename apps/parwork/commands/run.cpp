// `parwork run`: jobs for items. It is implied where no other subcommand is named.
#include <unistd.h>
#include "commands/command.hpp"

#include <string>
#include <vector>

#include "jobs/command_run.hpp"
#include "jobs/launch.hpp"
#include "options/command_line.hpp"
#include "options/option_table.hpp"
#include "options/run_options.hpp"
#include "output/output_writer.hpp"
#include "support/status.hpp"

namespace cli {
namespace {

constexpr const char* run_usage =
    "usage: parwork [run] [options] COMMAND [ARGS...] [::: ITEMS...]\n"
    "       parwork [run] [options] -c 'SHELL COMMAND' [::: ITEMS...]\n";

constexpr const char* run_footer = R"(
Placeholders, in any argument (without one, the item is appended):
  {}    the item                    {#}   number of the job, from 1
  {.}   without its extension       {%}   slot: 1 to N of -j, unique among running jobs
  {/}   its name, without folders   {1}   first column (-C) or item (-n); {2} ... the others
  {//}  its folder                  {1.} {2/} ... parts of those
  {/.}  its name without extension
Jobs see PARWORK_SEQ, PARWORK_SLOT, PARWORK_ATTEMPT and PARWORK_RUN; their input is empty.

T: a number with ms, s, m or h (bare: seconds). SIZE: bytes, or with K, M, G.

Exit status: 0 all succeeded; 1 to 100 so many failed; 101 more failed; with fail=1 the failed
job's own; 126 command not runnable; 127 not found; 130 INT; 143 TERM; 141 output's reader gone;
250 bad usage, or a journal, log, report or output that cannot be written.)";

// What cannot be run, and is most likely a mistake in how this tool is called: said before any item
// is read. Empty: nothing of the kind.
std::string mistake_in(const run_settings& settings) {
  if (!settings.shell.empty() || settings.command.empty()) return {};
  if (!settings.engine.url.empty()) return {};  // programs are those of workers
  const std::string& program = settings.command.front();
  std::string path;
  if (program.contains(' ') && settings.command.size() == 1) {
    const bool runs = find_program(program, path) == 0;
    const bool is_shell = find_program(program.substr(0, program.find(' ')), path) == 0;
    if (!runs && is_shell) return "a string for the shell needs -c before it";
  }
  std::vector<std::string> names;
  for (const char* const each : {"resume", "results", "report"}) names.emplace_back(each);
  const std::string meant = most_similar(program, names);
  if (meant.empty() || find_program(program, path) == 0) return {};
  return "did you mean 'parwork " + meant + "'?";
}

std::vector<option_info> options_of_run() { return all_of(run_sections()); }

int run_items(const invocation& called) {
  run_request request = parse_run(called.words);
  if (request.help) return print(help_of("parwork run", options_of_run(), run_usage, run_footer));
  run_settings& settings = request.settings;
  settings.called.needs_run_word =
      !settings.command.empty() && called.is_subcommand(settings.command.front());
  if (const std::string mistake = mistake_in(settings); !mistake.empty()) {
    static_cast<void>(write_all(STDERR_FILENO, "parwork: cannot run '" + settings.command.front() +
                                                   "': command not found; " + mistake + '\n'));
    return status::not_found;
  }
  return run(settings, called.all);
}

}  // namespace

extern const command run_command;
const command run_command{.name = "run",
                          .usage = "[run] [options] COMMAND [ARGS...] [::: ITEMS...]",
                          .summary = "run a command for each item",
                          .operand = {},
                          .options = options_of_run,
                          .run = run_items};

}  // namespace cli
