#include "options/command_line.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <utility>

#include "options/option_table.hpp"
#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

constexpr std::uint64_t most_ahead = 1'000'000'000;

void refuse_engine(const std::string& name) {
  if (name == "local") return;
  if (name.starts_with("nats://")) {
    throw error("runs on several machines come with a later version of parwork; use local");
  }
  throw error("'" + name + "' is no engine: use local");
}

template <class Choice>
Choice choose(const std::string& text, const std::vector<std::pair<std::string, Choice>>& choices) {
  std::string all;
  for (const auto& [name, choice] : choices) {
    if (name == text) return choice;
    all += (all.empty() ? "" : ", ") + name;
  }
  throw error("'" + text + "' is none of " + all);
}

std::string report_file(const std::string& name) {
  if (name.empty()) throw error("it is empty; give a file");
  if (name == "-") throw error("a report goes to a file and not to standard output: give a file");
  return name;
}

// Options whose defaults depend on others, and what the user has said of them.
struct unset {
  bool workers = true, ahead = true, grace = true, buffer = true, log = true;
  bool input_file = false, null = false, delimiter = false;
};

void add_input_options(option_table& table, run_settings& to, unset& left) {
  table.group("Input");
  table.value("-a,--input", "FILE", "Read items from a file (-: standard input)",
              [&](const std::string& file) {
                if (file.empty()) throw error("it is empty; give a file, or - for standard input");
                left.input_file = true;
                to.input.file = file == "-" ? "" : file;
              });
  table.flag("-0,--null", "Items end with NUL bytes", [&] {
    to.input.delimiter = std::string(1, '\0');
    left.null = true;
  });
  table.value("-d,--delimiter", "C", "Items end with C; \\t \\n \\0 \\\\ \\xHH are understood",
              [&](const std::string& text) {
                to.input.delimiter = parse_literal(text);
                left.delimiter = true;
              });
  table.value("-n,--items-per-job", "N", "Give N items to each job", [&](const std::string& text) {
    to.input.items_per_job = parse_count(text, 1, 1'000'000);
  });
  table.value("-C,--columns", "SEP", "Cut each item at SEP into {1} {2} ...",
              [&](const std::string& text) { to.input.columns = parse_literal(text); });
  table.flag("--skip-blank", "Leave out items that are empty or blank",
             [&] { to.input.skip_blank = true; });
}

void add_job_options(option_table& table, run_settings& to, unset& left) {
  table.group("Jobs");
  table.value("-j,--workers", "N|N%", "Run N jobs at once, or N % of the CPUs (default: all CPUs)",
              [&](const std::string& text) {
                to.workers = parse_workers(text);
                left.workers = false;
              });
  table.value("-c,--shell", "STRING", "Give STRING to sh -c, with items quoted for the shell",
              [&](const std::string& text) {
                if (text.empty()) throw error("the command is empty");
                to.shell = text;
              });
  table.value("--engine", "ENGINE", "Where jobs run: local", refuse_engine);
}

void add_output_options(option_table& table, run_settings& to, unset& left) {
  table.group("Output");
  table.flag("-k,--keep-order", "Show output in the order of the items",
             [&] { to.order = output_order::input; });
  table.value("--output", "MODE",
              "group: a job's output as a whole; line: lines as they appear; raw",
              [&](const std::string& text) {
                to.output = choose<output_mode>(text, {{"group", output_mode::group},
                                                       {"line", output_mode::line},
                                                       {"raw", output_mode::raw}});
              });
  table.flag("--tag", "Put the item and a tab before each line", [&] { to.tag = true; });
  table.value("--buffer", "SIZE", "Memory for held output, then a temporary file (default: 64M)",
              [&](const std::string& text) {
                to.buffer = parse_size(text);
                left.buffer = false;
              });
  table.value("--ahead", "N", "How many items may be in flight (default: 100 x workers)",
              [&](const std::string& text) {
                to.ahead = parse_count(text, 1, most_ahead);
                left.ahead = false;
              });
}

void add_failure_options(option_table& table, run_settings& to, unset& left) {
  table.group("Failures and time");
  table.value("--halt", "WHEN", "now|soon,fail|success|done=N|N%: end the run early",
              [&](const std::string& text) { to.halt = parse_halt(text); });
  table.value("--retries", "N", "Try a failed job up to N more times",
              [&](const std::string& text) {
                to.retries = static_cast<unsigned>(parse_count(text, 0, 1'000'000));
              });
  table.value("--retry-delay", "T", "Wait so long before each further attempt",
              [&](const std::string& text) { to.retry_delay = parse_duration(text); });
  table.value("--timeout", "T", "End attempts that take longer",
              [&](const std::string& text) { to.timeout = parse_duration(text); });
  table.value("--grace", "T", "Time between TERM and KILL (default: 5s)",
              [&](const std::string& text) {
                to.grace = parse_duration(text);
                left.grace = false;
              });
}

void add_record_options(option_table& table, run_settings& to) {
  table.group("Record");
  table.value("--journal", "FILE", "Record what is done, so that the run can be resumed",
              [&](const std::string& file) {
                if (file.empty()) throw error("it is empty; give a file");
                to.journal = file;
              });
  table.flag("--resume", "Go on with the run of the journal", [&] { to.resume = true; });
  table.flag("--retry-failed", "With --resume: do failed jobs again",
             [&] { to.retry_failed = true; });
  table.value("--log", "FILE", "Append a JSON line for each start and end",
              [&](const std::string& file) {
                if (file.empty()) throw error("it is empty; give a file");
                to.log = file;
              });
  table.value("--report", "FILE.html", "Write a page that shows where the run's time went",
              [&](const std::string& file) { to.report = report_file(file); });
}

void add_view_options(option_table& table, run_settings& to) {
  table.group("View");
  table.value("--progress", "WHEN", "auto, on or off: a bar on a terminal's standard error",
              [&](const std::string& text) {
                to.progress = choose<progress_mode>(text, {{"auto", progress_mode::automatic},
                                                           {"on", progress_mode::on},
                                                           {"off", progress_mode::off}});
              });
  table.flag("-q,--quiet", "Say nothing about failed jobs at the end", [&] { to.quiet = true; });
  table.flag("-v,--verbose", "Show each command when it starts", [&] { to.verbose = true; });
  table.flag("--dry-run", "Show the commands and start none", [&] { to.dry_run = true; });
}

option_table make_table(const std::string& name, const std::string& description, run_settings& to,
                        unset& left, bool& help) {
  option_table table(name, description);
  add_input_options(table, to, left);
  add_job_options(table, to, left);
  add_output_options(table, to, left);
  add_failure_options(table, to, left);
  add_record_options(table, to);
  add_view_options(table, to);
  table.flag("-h,--help", "This text", [&help] { help = true; });
  return table;
}

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
  refuse_if(to.dry_run && journalled, "--dry-run starts nothing that --journal could record");
  refuse_if(to.dry_run && !to.report.empty(), "--dry-run starts nothing that --report could show");
}

void fill_in_defaults(run_settings& to, const unset& left) {
  if (left.workers) to.workers = parse_workers("100%");
  if (left.ahead) to.ahead = std::uint64_t{100} * to.workers;
  if (left.grace) to.grace = std::chrono::seconds(5);
}

// The words behind the options: COMMAND [ARGS...] [::: ITEMS...].
void take_command(const std::vector<std::string>& words, run_settings& to, const unset& left) {
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

constexpr const char* report_usage = "parwork report JOURNAL|LOG -o FILE.html";

option_table report_table(report_request& to) {
  option_table table("parwork report", "");
  table.value("-o,--output", "FILE.html", "Where the report goes",
              [&to](const std::string& file) { to.file = report_file(file); });
  table.flag("-q,--quiet", "Do not say on standard error what bounded the run",
             [&to] { to.quiet = true; });
  table.flag("-h,--help", "This text", [&to] { to.help = true; });
  return table;
}

}  // namespace

bool is_subcommand(std::string_view word) {
  static constexpr std::array<std::string_view, 5> all{"run", "resume", "results", "report",
                                                       "worker"};
  return std::ranges::find(all, word) != all.end();
}

run_request parse_run(const std::vector<std::string>& words) {
  run_request request;
  unset left;
  option_table table = make_table("parwork run", "", request.settings, left, request.help);
  run_settings& to = request.settings;
  to.other_words = table.parse(words);
  if (request.help) return request;
  to.option_words = table.used_but({});
  to.options_for_again =
      table.used_but({"-a", "--input", "-0", "--null", "-d", "--delimiter", "--report"});
  take_command(to.other_words, to, left);
  refuse_contradictions(to, left);
  fill_in_defaults(to, left);
  return request;
}

journal_request parse_resume(const std::vector<std::string>& words) {
  journal_request request;
  unset left;
  option_table table = make_table("parwork resume", "", request.changes, left, request.help);
  std::vector<std::string> rest;
  for (std::vector<std::string> ahead = words; !ahead.empty(); ahead = rest) {
    rest = table.parse(ahead);
    if (rest.empty()) break;
    if (!request.journal.empty()) throw error("one journal is resumed at a time");
    request.journal = rest.front();
    rest.erase(rest.begin());
  }
  request.changes.option_words = table.used_but({});
  if (!request.help && request.journal.empty()) {
    throw error("a journal is missing\nusage: parwork resume JOURNAL [options]");
  }
  return request;
}

journal_request parse_results(const std::vector<std::string>& words) {
  journal_request request;
  option_table table("parwork results", "");
  table.flag("--failed", "Only those of failed jobs", [&] { request.failed_only = true; });
  table.flag("--tag", "Put the item and a tab before each line", [&] { request.tag = true; });
  table.flag("-h,--help", "This text", [&] { request.help = true; });
  std::vector<std::string> rest;
  for (std::vector<std::string> ahead = words; !ahead.empty(); ahead = rest) {
    rest = table.parse(ahead);
    if (rest.empty()) break;
    if (!request.journal.empty()) throw error("one journal is shown at a time");
    request.journal = rest.front();
    rest.erase(rest.begin());
  }
  if (!request.help && request.journal.empty()) {
    throw error("a journal is missing\nusage: parwork results JOURNAL [options]");
  }
  return request;
}

report_request parse_report(const std::vector<std::string>& words) {
  report_request request;
  option_table table = report_table(request);
  std::vector<std::string> rest;
  for (std::vector<std::string> ahead = words; !ahead.empty(); ahead = rest) {
    rest = table.parse(ahead);
    if (rest.empty()) break;
    if (!request.source.empty()) throw error("one journal or log is shown at a time");
    request.source = rest.front();
    rest.erase(rest.begin());
  }
  if (request.help) return request;
  const std::string usage = std::string("\nusage: ") + report_usage;
  if (request.source.empty()) throw error("a journal or a log is missing" + usage);
  if (request.file.empty()) throw error("-o FILE.html is missing: where the report goes" + usage);
  return request;
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

std::string run_help() {
  run_settings ignored;
  unset left;
  bool help = false;
  return make_table("parwork run", "", ignored, left, help).help(run_usage, run_footer);
}

std::string resume_help() {
  return "usage: parwork resume JOURNAL [options]\n\n"
         "Goes on with the run that a journal records, in the folder where it was started: the\n"
         "command, the options and the items are the recorded ones. Options of 'parwork run' "
         "given\n"
         "here change the recorded ones; --retry-failed does failed jobs again.\n";
}

std::string results_help() {
  option_table table("parwork results", "");
  table.flag("--failed", "Only those of failed jobs", [] {});
  table.flag("--tag", "Put the item and a tab before each line", [] {});
  table.flag("-h,--help", "This text", [] {});
  return table.help(
      "usage: parwork results JOURNAL [options]\n\nPrints the recorded output of all jobs, in "
      "input "
      "order.\n",
      "");
}

std::string report_help() {
  report_request ignored;
  return report_table(ignored).help(
      std::string("usage: ") + report_usage +
          "\n\nWrites a page that shows where the time of a run went: of the last one in a log\n"
          "(--log), finished or broken off, or of all runs that worked on a journal (--journal).\n",
      "");
}

std::string overview() {
  return R"(usage: parwork [run] [options] COMMAND [ARGS...] [::: ITEMS...]
       parwork resume JOURNAL [options]      go on with a run after a crash
       parwork results JOURNAL [options]     recorded outputs, in input order
       parwork report JOURNAL|LOG -o FILE    a page that shows where the time went
       parwork --help | --version            parwork SUBCOMMAND --help has the rest

Runs COMMAND for each item, as many at once as there are CPUs. Items are the lines of standard
input, or the words behind :::. Example: ls *.png | parwork convert {} {.}.jpg

Input     -a, --input FILE       read items from a file
          -0, --null             items end with NUL; -d, --delimiter C: with C
          -n, --items-per-job N  give N items to each job
          -C, --columns SEP      cut each item at SEP into {1} {2} ...
          --skip-blank           leave out blank items
Jobs      -j, --workers N|N%     run N jobs at once
          -c, --shell STRING     give STRING to sh -c, items quoted for the shell
Output    -k, --keep-order       in the order of the items
          --output MODE          group (default), line or raw
          --tag                  put the item and a tab before each line
          --buffer SIZE          memory for held output; --ahead N: items in flight
Failures  --halt now,fail=1      end the run early; soon, success, done=N, N%
          --retries N            try again; --retry-delay T
          --timeout T            end jobs that take longer; --grace T: TERM to KILL
Record    --journal FILE         survive kill -9; --resume, --retry-failed
          --log FILE             a JSON line for each start and end
          --report FILE.html     a page that shows where the time went
View      --progress WHEN        auto, on or off
          -q, -v, --dry-run      say less, say more, only show the commands

Placeholders: {} item, {.} without extension, {/} name, {//} folder, {/.} name without extension,
{#} number, {%} slot, {1} {2} columns. Without one the item is appended.

Exit status: 0 all succeeded, 1 to 100 so many failed, 101 more, 126/127 command not runnable/not
found, 130/143/141 INT/TERM/reader gone, 250 bad usage or a file that cannot be written.
)";
}

}  // namespace cli
