// `parwork report`: the page of a run that is over.
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "commands/command.hpp"
#include "options/option_table.hpp"
#include "options/run_options.hpp"
#include "output/output_writer.hpp"
#include "parwork/journal_reader.hpp"
#include "record/job_record.hpp"
#include "record/log_reader.hpp"
#include "record/past_jobs.hpp"
#include "record/run_file.hpp"
#include "support/error.hpp"
#include "support/status.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

struct report_request {
  std::string source;  // a journal or a log
  std::string file;    // of the report
  bool quiet = false;
  bool help = false;
};

constexpr const char* report_usage = "parwork report JOURNAL|LOG -o FILE.html";

std::vector<option_section<report_request>> report_sections() {
  return {{"Options",
           {{{.names = "-o,--output",
              .value = "FILE.html",
              .help = "Where the report goes",
              .completes = completion::files},
             [](report_request& to, const std::string& file) { to.file = report_file(file); }},
            {{.names = "-q,--quiet", .help = "Do not say on standard error what bounded the run"},
             [](report_request& to, const std::string& /*no value*/) { to.quiet = true; }},
            help_option<report_request>}}};
}

constexpr char journal_begins_with = 'S';  // "SQLite format 3"
constexpr char log_begins_with = '{';

std::chrono::system_clock::time_point time_point_of(double unix_time) {
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(nanoseconds_of(unix_time)));
}

// "2026-03-01 13:05:59"
std::string readable_time(double unix_time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time_point_of(unix_time));
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  static_cast<void>(std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local));
  return text.data();
}

std::string jobs(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " job" : " jobs");
}

// What is said beside the report, and the report.
class reporting {
 public:
  explicit reporting(const report_request& request) : request_(request) {}

  void say(const std::string& line) {
    if (!request_.quiet) writer_.say("parwork: " + line + '\n');
  }

  void write(const job_record& record) {
    record.write(request_.file);
    if (!request_.quiet) writer_.say(record.verdict() + '\n');
  }

 private:
  const report_request& request_;
  output_writer writer_;
};

// --- logs --------------------------------------------------------------------------------------

// The record of the run that a log is at.
class logged_jobs {
 public:
  log_uses uses() {
    return {[this](const logged_run& run) { begin(run); },
            [this](logged_attempt&& ended) { add(std::move(ended)); }};
  }

  // Throws cli::error where the run had more slots than a report can show.
  job_record& finish(log_end&& log) {
    if (!record_) begin_record(log.run);
    for (logged_attempt& each : log.unfinished) {
      each.what.why = cause::interrupted;
      each.what.message = "not finished";
      each.what.duration = log.last - each.what.start;
      add(std::move(each));
    }
    for (std::uint64_t i = 0; i < log.given_up; ++i) record_->gave_up();
    record_end end = log.finished.value_or(record_end{.wall = times_->last(), .stopped = true});
    if (log.run.workers_vary) end.slots = std::max(1U, log.slots);
    record_->finish(end);
    return *record_;
  }

 private:
  void begin(const logged_run& run) {
    times_.reset();
    record_.reset();
    if (run.workers <= job_record::most_slots) begin_record(run);
  }

  void begin_record(const logged_run& run) {
    begin_ = run.start;
    std::vector<std::string> arguments = run.arguments;
    if (!arguments.empty()) arguments.erase(arguments.begin());
    record_ =
        std::make_unique<job_record>(title_of(arguments), run.workers, time_point_of(run.start));
    times_ = std::make_unique<slot_times>(*record_);
  }

  void add(logged_attempt&& ended) {
    if (!record_) return;
    const double start = ended.what.start - begin_;
    times_->add(std::move(ended.name), std::move(ended.what), start, ended.fate);
  }

  double begin_ = 0;
  std::unique_ptr<job_record> record_;
  std::unique_ptr<slot_times> times_;
};

void report_log(std::istream& log, const std::string& name, reporting& to) {
  logged_jobs jobs_of_run;
  log_end end = read_log(log, name, jobs_of_run.uses());
  if (end.runs > 1) {
    to.say("the log " + name + " has " + std::to_string(end.runs) +
           " runs: this is the last one, begun " + readable_time(end.run.start));
  }
  if (!end.finished) {
    to.say("the run was broken off: " + jobs(end.unfinished.size()) + " had begun and not ended");
  }
  to.write(jobs_of_run.finish(std::move(end)));
}

// --- journals ----------------------------------------------------------------------------------

outcome outcome_in(const parwork::journal_record& record) {
  std::string message;
  std::string_view bytes = record.bytes();
  if (record.failed()) {
    message = record.result<outcome>().error().message();
    bytes = message;
  }
  return parwork::codec<outcome>::decode(bytes);
}

// Where nobody can tell how the run was called, that is no reason not to show its jobs.
std::string journal_title(const std::string& name) {
  std::vector<std::string> arguments{"resume", name};
  try {
    if (const auto called = read_run_file(name).first) {
      arguments = called->option_words;
      arguments.insert(arguments.end(), called->other_words.begin(), called->other_words.end());
    }
  } catch (const error&) {
    return title_of(arguments);
  }
  return title_of(arguments);
}

past_jobs jobs_in(const std::string& name) {
  const parwork::journal_reader journal(name);  // also while a run goes on
  past_jobs found;
  journal.for_each([&](const parwork::journal_record& record) {
    std::string item(record.key());
    for (char& c : item) {
      if (c == '\0') c = ' ';
    }
    try {
      found.add(std::move(item), outcome_in(record));
    } catch (const parwork::codec_error&) {
      throw error("the journal " + name + " has no jobs of this tool in it, but other results");
    }
  });
  return found;
}

void report_journal(const std::string& name, reporting& to) {
  past_jobs found = jobs_in(name);
  if (found.size() == 0) to.say("no job is recorded in the journal " + name);
  if (found.runs() > 1) {
    to.say(std::to_string(found.runs()) + " runs worked on the journal " + name +
           ": the pauses between them are left out");
  }
  job_record record(journal_title(name), found.slots(), time_point_of(found.begin()));
  const auto wall = std::move(found).move_into(record);
  record.finish({.wall = wall});
  to.write(record);
}

int report(const report_request& request) {
  require_reports();
  const std::string& name = request.source;
  std::ifstream source(name, std::ios::binary);
  if (!source) throw system_error(name + " cannot be opened", errno);
  refuse_same_file(request.file, "what it is made from,", name);
  reporting to(request);
  const int first = source.peek();
  if (first == journal_begins_with) {
    source.close();
    report_journal(name, to);
  } else if (first == log_begins_with) {
    report_log(source, name, to);
  } else {
    throw error(name +
                (first == std::ifstream::traits_type::eof() ? " is empty, or no file"
                                                            : " is no file of parwork") +
                ": give the FILE of --journal or of --log");
  }
  return status::success;
}

int make_report(const invocation& called) {
  report_request request;
  option_table table("parwork report", report_sections(), request);
  request.source = table.parse_with_operand(called.words, "one journal or log is shown at a time");
  const std::string usage = std::string("usage: ") + report_usage;
  if (request.help) {
    return print(table.help(
        usage +
            "\n\nWrites a page that shows where the time of a run went: of the last one in a log\n"
            "(--log), finished or broken off, or of all runs that worked on a journal "
            "(--journal).\n",
        ""));
  }
  if (request.source.empty()) throw error("a journal or a log is missing\n" + usage);
  if (request.file.empty()) throw error("-o FILE.html is missing: where the report goes\n" + usage);
  return report(request);
}

std::vector<option_info> options_of_report() { return all_of(report_sections()); }

}  // namespace

extern const command report_command;
const command report_command{.name = "report",
                             .usage = "report JOURNAL|LOG -o FILE",
                             .summary = "a page that shows where the time went",
                             .operand = "journal or log",
                             .options = options_of_report,
                             .run = make_report};

}  // namespace cli
