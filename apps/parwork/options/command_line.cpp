#include "options/command_line.hpp"

#include <algorithm>

#include "options/option_table.hpp"
#include "options/run_options.hpp"
#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

using unset = decltype(run_draft::left);

void refuse_contradictions(const run_settings& to, const unset& left) {
  const auto refuse_if = [](bool contradiction, const char* why) {
    if (contradiction) throw error(why);
  };
  const bool journalled = !to.journal.empty();
  refuse_if(left.null && left.delimiter, "-0 and -d cannot be given together");
  refuse_if(to.input.items_per_job > 1 && !to.input.columns.empty(),
            "-n and -C cannot be given together: columns are those of one item");
  refuse_if(to.tag && to.output == output_mode::raw,
            "--tag needs whole lines: use it with --output group or line");
  refuse_if(to.order == output_order::input && to.output == output_mode::raw,
            "-k cannot order what --output raw shows at once: use group or line");
  refuse_if(journalled && to.output != output_mode::group,
            "--journal records output before it is shown: use it with --output group");
  refuse_if(to.resume && !journalled, "--resume needs --journal FILE: the run to go on with");
  refuse_if(to.retry_failed && !to.resume,
            "--retry-failed needs --resume: without, every job is done anyway");
}

void fill_in_defaults(run_settings& to, const unset& left) {
  if (left.workers) to.workers = parse_workers("100%");
  if (left.ahead) to.ahead = std::uint64_t{100} * to.workers;
  if (left.grace) to.grace = std::chrono::seconds(5);
}

// The words behind the options: COMMAND [ARGS...] [::: ITEMS...].
void take_command(const std::vector<std::string>& words, run_settings& to, const unset& left) {
  for (const char* const other : {"::::", ":::+", "::::+"}) {
    if (std::ranges::find(words, other) == words.end()) continue;
    throw error(std::string(other) +
                " is left out: put combinations into lines and use -C, read a file by -a");
  }
  const auto mark = std::ranges::find(words, ":::");
  to.command.assign(words.begin(), mark);
  if (mark != words.end()) {
    if (left.input_file) throw error("items come from ::: or from -a, not from both");
    to.input.arguments.emplace(mark + 1, words.end());
    if (std::ranges::count(words, ":::") > 1) {
      throw error(
          "::: may be given once: combinations of lists are left out; put them into lines "
          "and use -C");
    }
  }
  if (!to.shell.empty() && !to.command.empty()) {
    throw error("the command is given twice, by -c and by '" + to.command.front() +
                "': put ::: before items");
  }
  if (to.shell.empty() && to.command.empty()) {
    throw error(
        "a command is missing\nusage: parwork [run] [options] COMMAND [ARGS...] "
        "[::: ITEMS...]");
  }
}

}  // namespace

run_request parse_run(const std::vector<std::string>& words) {
  run_draft draft;
  option_table table("parwork run", run_sections(), draft);
  run_settings& to = draft.to;
  to.called.others = table.parse(words);
  if (draft.help) return {{}, true};
  to.called.options = table.used_but({});
  to.called.options_for_again =
      table.used_but({"-a", "--input", "-0", "--null", "-d", "--delimiter", "--report"});
  take_command(to.called.others, to, draft.left);
  refuse_contradictions(to, draft.left);
  fill_in_defaults(to, draft.left);
  return {std::move(draft.to), false};
}

run_settings parse_again(const std::vector<std::string>& recorded_options,
                         const std::vector<std::string>& new_options,
                         const std::vector<std::string>& other_words) {
  std::vector<std::string> words = recorded_options;
  words.insert(words.end(), new_options.begin(), new_options.end());
  words.emplace_back("--resume");
  words.emplace_back("--");
  words.insert(words.end(), other_words.begin(), other_words.end());
  return parse_run(words).settings;
}

}  // namespace cli
