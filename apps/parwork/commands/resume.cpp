// `parwork resume`: goes on with the run that a journal records.
#include <filesystem>
#include <optional>
#include <utility>

#include "commands/command.hpp"
#include "jobs/command_run.hpp"
#include "options/command_line.hpp"
#include "options/option_table.hpp"
#include "options/run_options.hpp"
#include "record/run_file.hpp"
#include "support/error.hpp"
#include "support/status.hpp"

namespace cli {
namespace {

// A file of -j is one of this folder, and not of the recorded one.
std::vector<std::string> words_of(const option_table& table, const run_settings& said) {
  if (said.workers_file.empty()) return table.used_but({});
  std::vector<std::string> words = table.used_but({"-j", "--workers"});
  words.emplace_back("-j");
  words.push_back(std::filesystem::absolute(said.workers_file).string());
  return words;
}

struct resume_request {
  std::string journal;
  run_settings changes;  // what the options say
};

constexpr const char* resume_help =
    "usage: parwork resume JOURNAL [options]\n\n"
    "Goes on with the run that a journal records, in the folder where it was started: the\n"
    "command, the options and the items are the recorded ones. Options of 'parwork run' given\n"
    "here change the recorded ones; --retry-failed does failed jobs again.\n";

// Of a file named here, and not in the recorded folder.
std::string absolute_or_none(const std::string& file) {
  return file.empty() || file == "-" ? file : std::filesystem::absolute(file).string();
}

// Whether the copy of a pipe has all that came.
bool is_whole(const std::string& copy, std::optional<std::uint64_t> bytes) {
  std::error_code fault;
  const std::uintmax_t has = std::filesystem::file_size(copy, fault);
  return !fault && bytes && has == *bytes;
}

int resume(const resume_request& request, const std::vector<std::string>& arguments) {
  require_journal(request.journal);
  const std::string file = std::filesystem::absolute(request.journal).string();
  const earlier_runs earlier = read_run_file(file);
  if (!earlier.first) throw error(run_file_of(file) + " does not say how the run was called");
  const run_record& called = *earlier.first;
  const std::string log = absolute_or_none(request.changes.log);
  const std::string report = absolute_or_none(request.changes.report);
  const std::string results = absolute_or_none(request.changes.results);
  std::error_code fault;
  std::filesystem::current_path(called.folder, fault);
  if (fault)
    throw system_error("the run's folder " + called.folder + " cannot be used", fault.value());
  run_settings settings =
      parse_again(called.option_words, request.changes.called.options, called.other_words);
  settings.journal = file;
  if (!log.empty()) settings.log = log;
  if (!report.empty()) settings.report = report;
  if (!results.empty()) settings.results = results;
  if (!called.from_stream) {
    if (!settings.input.arguments && settings.input.lists.empty()) {
      settings.input.file = called.input_file;
      settings.input.begin = called.input_begin;
    }
    return run(settings, arguments);
  }
  settings.input.file = input_copy_of(file);
  settings.input.from_copy = true;
  settings.input.is_cut_off = !is_whole(settings.input.file, earlier.input_bytes);
  const int status =
      std::filesystem::exists(settings.input.file) ? run(settings, arguments) : status::success;
  if (!settings.input.is_cut_off) return status;
  throw error(
      "the items came from a pipe, and not all had been read: those that were are done; for "
      "the others give the whole input to 'parwork run --resume --journal " +
      request.journal + "' and the same command");
}

int resume_journal(const invocation& called) {
  run_draft draft;
  option_table table("parwork resume", run_sections(), draft);
  resume_request request;
  request.journal = table.parse_with_operand(called.words, "one journal is resumed at a time");
  if (draft.help) return print(resume_help);
  draft.to.called.options = words_of(table, draft.to);
  request.changes = std::move(draft.to);
  if (request.journal.empty()) {
    throw error("a journal is missing\nusage: parwork resume JOURNAL [options]");
  }
  return resume(request, called.all);
}

std::vector<option_info> options_of_resume() { return all_of(run_sections()); }

}  // namespace

extern const command resume_command;
const command resume_command{.name = "resume",
                             .usage = "resume JOURNAL [options]",
                             .summary = "go on with a run after a crash",
                             .operand = "journal",
                             .options = options_of_resume,
                             .run = resume_journal};

}  // namespace cli
