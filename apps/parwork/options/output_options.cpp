// Options of `parwork run`: output and view.
#include "options/run_options.hpp"

#include <utility>

#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

constexpr std::uint64_t most_ahead = 1'000'000'000;

template <class Choice>
Choice choose(const std::string& text, const std::vector<std::pair<std::string, Choice>>& choices) {
  std::string all;
  for (const auto& [name, choice] : choices) {
    if (name == text) return choice;
    all += (all.empty() ? "" : ", ") + name;
  }
  throw error("'" + text + "' is none of " + all);
}

}  // namespace

option_section<run_draft> output_options() {
  return {
      "Output",
      {
          {{
               .names = "-k,--keep-order",
               .help = "Show output in the order of the items",
               .manual = R"(Show output in the order of the items.)",
               .overview = {"-k, --keep-order", "in the order of the items"},
           },
           [](run_draft& draft, const std::string& /*no value*/) {
             draft.to.order = output_order::input;
           }},
          {{
               .names = "--output",
               .value = "MODE",
               .help = "group: a job's output as a whole; line: lines as they appear; raw; none",
               .choices = "group line raw none",
               .manual = R"(.B group
(default): the output of a job as a whole, when it has ended.
.BR line :
whole lines, as they appear.
.BR raw :
bytes, as they appear.
.BR none :
nothing is shown; a journal and
.B \-\-results
have it all the same.)",
               .overview = {"--output MODE", "group (default), line, raw or none"},
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.output = choose<output_mode>(text, {{"group", output_mode::group},
                                                          {"line", output_mode::line},
                                                          {"raw", output_mode::raw},
                                                          {"none", output_mode::none}});
           }},
          {{
               .names = "--tag",
               .help = "Put the item and a tab before each line",
               .manual = R"(Put the item and a tab before each line.)",
               .overview = {"--tag", "put the item and a tab before each line"},
           },
           [](run_draft& draft, const std::string& /*no value*/) { draft.to.tag = true; }},
          {{
               .names = "--buffer",
               .value = "SIZE",
               .help = "Memory for held output, then a temporary file",
               .otherwise = "64M",
               .manual = R"(Memory for output that waits.
Beyond it, output goes to one temporary file without a name, in
.B TMPDIR
or /tmp; with
.B \-\-journal
to the file beside the journal.
Default: 64M.)",
               .overview = {"--buffer SIZE", "memory for held output; --ahead N: items in flight"},
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.buffer = parse_size(text);
             draft.left.buffer = false;
           }},
          {{
               .names = "--ahead",
               .value = "N",
               .help = "How many items may be in flight",
               .otherwise = "100 x workers",
               .manual =
                   R"(How many items may be in flight: so many jobs at most run ahead of a slow one
with
.BR \-k .
Default: 100 times the workers.)",
           },
           [](run_draft& draft, const std::string& text) {
             draft.to.ahead = parse_count(text, 1, most_ahead);
             draft.left.ahead = false;
           }},
      }};
}

option_section<run_draft> view_options() {
  return {"View",
          {
              {{
                   .names = "--progress",
                   .value = "WHEN",
                   .help = "auto, on or off: a bar on a terminal's standard error",
                   .choices = "auto on off",
                   .manual = R"(.BR auto " (default), " on " or " off :
a status line on standard error, where that is a terminal.
.B auto
shows it for runs of more than a second.)",
                   .overview = {"--progress WHEN", "auto, on or off"},
               },
               [](run_draft& draft, const std::string& text) {
                 draft.to.progress =
                     choose<progress_mode>(text, {{"auto", progress_mode::automatic},
                                                  {"on", progress_mode::on},
                                                  {"off", progress_mode::off}});
               }},
              {{
                   .names = "-q,--quiet",
                   .help = "Say nothing about failed jobs at the end",
                   .manual = R"(Say nothing about failed jobs at the end.)",
                   .overview = {"-q, -v, --dry-run", "say less, say more, only show the commands"},
               },
               [](run_draft& draft, const std::string& /*no value*/) { draft.to.quiet = true; }},
              {{
                   .names = "-v,--verbose",
                   .help = "Show each command when it starts, and name all that failed",
                   .manual = R"(Show each command when it starts, and at the end name all failed
jobs, not the first ten alone.)",
               },
               [](run_draft& draft, const std::string& /*no value*/) { draft.to.verbose = true; }},
              {{
                   .names = "--dry-run",
                   .help = "Show the commands and start none",
                   .manual = R"(Show the commands, quoted for a shell, and start none.)",
               },
               [](run_draft& draft, const std::string& /*no value*/) { draft.to.dry_run = true; }},
              help_option<run_draft>,
          }};
}

}  // namespace cli
