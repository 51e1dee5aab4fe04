#include "options/command_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "jobs/slots_file.hpp"
#include "options/option_table.hpp"
#include "options/run_options.hpp"
#include "record/json_text.hpp"
#include "support/checksum.hpp"
#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

using unset = decltype(run_draft::left);

bool is_standard_input(const list_settings& list) { return !list.words && list.file.empty(); }

void refuse_contradictions(const run_settings& to, const unset& left) {
  const auto refuse_if = [](bool contradiction, const char* why) {
    if (contradiction) throw error(why);
  };
  const bool journalled = !to.journal.empty();
  refuse_if(left.null && left.delimiter, "-0 and -d cannot be given together");
  refuse_if(to.input.items_per_job > 1 && !to.input.columns.empty(),
            "-n and -C cannot be given together: columns are those of one item");
  refuse_if(to.input.items_per_job > 1 && to.input.csv,
            "-n and --csv cannot be given together: columns are those of one item");
  refuse_if(to.input.items_per_job > 1 && to.input.header,
            "-n and --header cannot be given together: a name is a column of one item");
  refuse_if(to.input.items_per_job > 1 && !to.input.lists.empty(),
            "-n and several lists cannot be given together: a job gets one item of each list");
  refuse_if(!to.input.columns.empty() && !to.input.lists.empty(),
            "-C and several lists cannot be given together: each list is a column");
  refuse_if(to.input.csv && !to.input.lists.empty(),
            "--csv and several lists cannot be given together: each list is a column");
  refuse_if(to.input.csv && to.input.arguments,
            "--csv reads a file or standard input: without it, cut the words behind ::: by -C");
  refuse_if(to.input.csv && (left.null || left.delimiter),
            "--csv says itself where items end: leave out -0 and -d, and name a separator by -C");
  refuse_if(to.input.csv && (to.input.columns.size() > 1 || to.input.columns == "\"" ||
                             to.input.columns == "\n"),
            "--csv takes a separator of one byte by -C, and no quote or newline");
  refuse_if(to.tag && (to.output == output_mode::raw || to.output == output_mode::none),
            "--tag needs whole lines: use it with --output group or line");
  refuse_if(to.order == output_order::input && to.output == output_mode::raw,
            "-k cannot order what --output raw shows at once: use group or line");
  refuse_if(journalled && to.output != output_mode::group && to.output != output_mode::none,
            "--journal records output before it is shown: use it with --output group or none");
  refuse_if(!to.shell_program.empty() && to.shell.empty(),
            "--shell-program says which shell reads the string of -c: give that, too");
  refuse_if(to.log == "-" && journalled,
            "--log - cannot go with --journal, which notes how much of its own output stands on "
            "standard output: give the log a file");
  refuse_if(to.log == "-" && to.output == output_mode::raw,
            "--log - needs whole lines: use it with --output group or line");
  refuse_if(to.resume && !journalled, "--resume needs --journal FILE: the run to go on with");
  refuse_if(to.retry_failed && !to.resume,
            "--retry-failed needs --resume: without, every job is done anyway");
}

// With --pipe, which gives jobs no items.
void refuse_contradictions_of_blocks(const run_settings& to, const unset& left) {
  const auto refuse_if = [](bool contradiction, const char* why) {
    if (contradiction) throw error(why);
  };
  const input_settings& input = to.input;
  refuse_if(left.pipe, "--block is the size of what --pipe gives to jobs: give that, too");
  refuse_if(input.arguments || !input.lists.empty(),
            "--pipe cuts a file or standard input into blocks, and words behind ::: are no input: "
            "leave out one of them");
  refuse_if(!input.columns.empty(),
            "--pipe and -C cannot be given together: a block has no columns");
  refuse_if(input.csv,
            "--pipe and --csv cannot be given together: newlines in quotes would end records");
  refuse_if(input.skip_blank,
            "--pipe and --skip-blank cannot be given together: blocks are the input as it is");
  refuse_if(input.fit,
            "--pipe and -n fit cannot be given together: a block stands on no command line; give "
            "--block SIZE");
  refuse_if(!left.items_per_job && !left.block,
            "--block and -n cannot be given together: a block has so many bytes, or so many "
            "records");
}

void refuse_contradictions_of_terminal(const run_settings& to, const unset& left) {
  const auto refuse_if = [](bool contradiction, const char* why) {
    if (contradiction) throw error(why);
  };
  refuse_if(!left.workers && (to.workers != 1 || !to.workers_file.empty()),
            "--tty gives the terminal to one job at a time: leave out -j, or give -j 1");
  refuse_if(to.input.blocks.has_value(),
            "--tty and --pipe cannot be given together: a job has one standard input");
  const bool reads_standard_input = to.input.lists.empty()
                                        ? !to.input.arguments && to.input.file.empty()
                                        : std::ranges::any_of(to.input.lists, is_standard_input);
  refuse_if(reads_standard_input && isatty(STDIN_FILENO) != 0,
            "--tty gives the terminal to jobs: give items behind :::, by -a FILE, or by a pipe");
}

// Without --engine: what is about it alone.
void refuse_engine_options(const engine_settings& engine, const unset& left) {
  const auto refuse_if = [](bool given, const char* option) {
    if (given) {
      throw error(std::string(option) + " is about jobs on other machines: give --engine URL, too");
    }
  };
  refuse_if(!left.job, "--job");
  refuse_if(!engine.needs.empty(), "--needs");
  refuse_if(!left.lost_after, "--lost-after");
  refuse_if(!engine.folder.empty(), "--workdir");
  refuse_if(!left.login,
            "an option of the login (--user, --nkey, --creds, --ca, --cert, --key ...)");
}

// With --engine: what is about this machine.
void refuse_contradictions_of_engine(const run_settings& to, const unset& left) {
  const auto refuse_if = [](bool contradiction, const char* why) {
    if (contradiction) throw error(why);
  };
  const std::uint64_t most_in_a_block = std::uint64_t{32} << 20;
  refuse_if(to.tty, "--tty and --engine cannot be given together: the terminal is here");
  refuse_if(to.output == output_mode::line || to.output == output_mode::raw,
            "--output line or raw and --engine cannot be given together: output comes back from a "
            "worker as a whole; use group or none");
  refuse_if(left.share_of_cpus,
            "-j N% and --engine cannot be given together: the CPUs are those of the workers; give "
            "a number, or leave it out");
  refuse_if(to.limits.load > 0 || to.limits.memory > 0,
            "--load or --memfree and --engine cannot be given together: they are about this "
            "machine");
  refuse_if(to.delay.count() > 0,
            "--delay and --engine cannot be given together: each worker starts jobs for itself");
  refuse_if(to.input.blocks && to.input.blocks->size > most_in_a_block,
            "--block of more than 32M and --engine cannot be given together: a message has no room "
            "for it");
}

// From so many on they may run ahead no further: that many jobs take memory.
constexpr unsigned usual_workers = 10'000;
// A report of more lanes would have to show them coarsely.
constexpr unsigned most_in_report = 1'024;

void read_workers_file(run_settings& to) {
  try {
    to.workers = slots_reader(to.workers_file).read();
  } catch (const error& fault) {
    throw error("-j: '" + to.workers_file +
                "' is no number, no per cent, and no file with one: " + fault.what());
  }
}

// As many as workers have, unless a number is given: the slots of a report are theirs.
void fill_in_remote_workers(run_settings& to, const unset& left) {
  if (!to.workers_file.empty()) read_workers_file(to);
  if (left.workers || left.unlimited_workers) to.workers = 0;
  to.most_workers = most_in_report;
  to.workers_vary = true;
}

// "host.example/run.journal" has no name that servers take: what is left of it, and a number that
// tells it from others.
std::string job_of_journal(const std::string& journal) {
  const auto whole = std::filesystem::absolute(journal).lexically_normal();
  std::string name = whole.filename().string().substr(0, 40);
  for (char& c : name) {
    const bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (!stays) c = '-';
  }
  return name + '-' + hex(checksum_of(whole.string()));
}

void fill_in_workers(run_settings& to, const unset& left) {
  if (!to.engine.url.empty()) return fill_in_remote_workers(to, left);
  if (left.workers) to.workers = to.tty ? 1 : parse_workers("100%");
  if (!to.workers_file.empty()) read_workers_file(to);
  to.most_workers = to.workers;
  to.workers_vary = left.unlimited_workers || !to.workers_file.empty();
  if (!to.workers_vary) return;
  to.most_workers = std::max(to.workers, most_at_once());
  if (!to.report.empty()) to.most_workers = std::min(to.most_workers, most_in_report);
  to.workers = std::min(to.workers, to.most_workers);
}

// -n and --header mean something else with --pipe: of these settings, blocks alone have them.
void make_blocks(input_settings& input, const unset& left) {
  if (!left.items_per_job) {
    input.blocks->size = 0;
    input.blocks->records = input.items_per_job;
    input.items_per_job = 1;
  }
  input.blocks->header = std::exchange(input.header, false);
}

// Blocks in flight are in memory, where they come from a pipe: no more than for held output, but
// for those that may run and those behind them.
std::uint64_t usual_ahead(const run_settings& to) {
  const std::uint64_t ahead = std::uint64_t{100} * std::min(to.most_workers, usual_workers);
  if (!to.input.blocks || to.input.blocks->size == 0) return ahead;
  return std::clamp<std::uint64_t>(to.buffer / to.input.blocks->size,
                                   std::min<std::uint64_t>(ahead, to.most_workers + 8ULL), ahead);
}

void fill_in_defaults(run_settings& to, const unset& left) {
  fill_in_workers(to, left);
  const bool is_remote = !to.engine.url.empty();
  if (left.ahead) to.ahead = is_remote && !to.input.blocks ? usual_workers : usual_ahead(to);
  if (is_remote && left.job && !to.journal.empty()) to.engine.job = job_of_journal(to.journal);
  if (left.grace) to.grace = std::chrono::seconds(5);
}

// ::: and its like; "::::FILE" is one word.
struct list_mark {
  bool of_files = false;
  bool paired = false;
  std::string file = {};  // of one word
};

std::optional<list_mark> mark_in(const std::string& word) {
  if (!word.starts_with(":::")) return std::nullopt;
  if (word == ":::" || word == ":::+") return list_mark{.paired = word.ends_with('+')};
  if (word[3] != ':') return std::nullopt;
  const bool paired = word.size() > 4 && word[4] == '+';
  return list_mark{.of_files = true, .paired = paired, .file = word.substr(paired ? 5 : 4)};
}

using word_iterator = std::vector<std::string>::const_iterator;

word_iterator find_mark(word_iterator from, word_iterator end) {
  return std::find_if(from, end, [](const std::string& word) { return mark_in(word).has_value(); });
}

// What stands between a mark and the next one.
void add_lists(const list_mark& mark, word_iterator begin, word_iterator end,
               std::vector<list_settings>& lists) {
  if (mark.paired && lists.empty()) {
    throw error(":::+ pairs a list with the one before it, and there is none: begin with :::");
  }
  if (!mark.of_files) {
    lists.push_back(
        {.words = std::vector<std::string>(begin, end), .file = {}, .paired = mark.paired});
    return;
  }
  std::vector<std::string> files(begin, end);
  if (!mark.file.empty()) files.insert(files.begin(), mark.file);
  if (files.empty()) throw error("a file is missing behind :::: (-: standard input)");
  for (const std::string& each : files) {
    if (each.empty()) throw error("the name of a file behind :::: is empty");
    lists.push_back({.words = {}, .file = each == "-" ? "" : each, .paired = mark.paired});
  }
}

// One list is an input like others; several are combined.
void take_lists(std::vector<list_settings> lists, run_settings& to, const unset& left) {
  if (lists.empty()) return;
  if (left.input_file) {
    throw error("items come from ::: or from -a, not from both: give the file as :::: FILE");
  }
  if (std::ranges::count_if(lists, is_standard_input) > 1) {
    throw error("standard input can be one list only: put the other into a file");
  }
  if (lists.size() > 1) {
    to.input.lists = std::move(lists);
  } else if (lists.front().words) {
    to.input.arguments = std::move(lists.front().words);
  } else {
    to.input.file = std::move(lists.front().file);
  }
}

// The words behind the options: COMMAND [ARGS...] [::: ITEMS...]...
void take_command(const std::vector<std::string>& words, run_settings& to, const unset& left) {
  auto mark = find_mark(words.begin(), words.end());
  to.command.assign(words.begin(), mark);
  std::vector<list_settings> lists;
  while (mark != words.end()) {
    const auto next = find_mark(mark + 1, words.end());
    add_lists(*mark_in(*mark), mark + 1, next, lists);
    mark = next;
  }
  take_lists(std::move(lists), to, left);
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

bool is_list_mark(const std::string& word) { return mark_in(word).has_value(); }

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
  if (to.input.blocks) {
    refuse_contradictions_of_blocks(to, draft.left);
    make_blocks(to.input, draft.left);
  }
  if (to.tty) {
    refuse_contradictions_of_terminal(to, draft.left);
    if (to.progress == progress_mode::automatic) to.progress = progress_mode::off;
  }
  refuse_contradictions(to, draft.left);
  if (to.engine.url.empty()) {
    refuse_engine_options(to.engine, draft.left);
  } else {
    refuse_contradictions_of_engine(to, draft.left);
  }
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
