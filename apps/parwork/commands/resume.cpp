#include "commands/resume.hpp"

#include <filesystem>
#include <utility>

#include "commands/run.hpp"
#include "parwork/journal.hpp"
#include "record/run_file.hpp"
#include "support/error.hpp"

namespace cli {
namespace {

void require_journal(const std::string& file) {
  if (!std::filesystem::exists(file)) throw error("there is no journal " + file);
}

// Of a file named here, and not in the recorded folder.
std::string absolute_or_none(const std::string& file) {
  return file.empty() ? file : std::filesystem::absolute(file).string();
}

}  // namespace

int resume(const journal_request& request, const std::vector<std::string>& arguments) {
  require_journal(request.journal);
  const std::string file = std::filesystem::absolute(request.journal).string();
  earlier_runs earlier = read_run_file(file);
  if (!earlier.first) throw error(run_file_of(file) + " does not say how the run was called");
  const run_record& called = *earlier.first;
  const std::string log = absolute_or_none(request.changes.log);
  const std::string report = absolute_or_none(request.changes.report);
  std::error_code fault;
  std::filesystem::current_path(called.folder, fault);
  if (fault)
    throw system_error("the run's folder " + called.folder + " cannot be used", fault.value());
  run_settings settings =
      parse_again(called.option_words, request.changes.option_words, called.other_words);
  settings.journal = file;
  if (!log.empty()) settings.log = log;
  if (!report.empty()) settings.report = report;
  if (!called.from_stream) {
    if (!settings.input.arguments) settings.input.file = called.input_file;
    return run(settings, arguments);
  }
  const resumed_input known{std::move(earlier.items), earlier.items_complete};
  const int status = run(settings, arguments, &known);
  if (known.complete) return status;
  throw error(
      "the items came from a pipe, and not all had been read: those that were are done; for "
      "the others give the whole input to 'parwork run --resume --journal " +
      request.journal + "' and the same command");
}

int results(const journal_request& request) {
  require_journal(request.journal);
  const parwork::journal<> journal(
      request.journal,
      parwork::journal_options<>{.fingerprint = parwork::journal_fingerprint(request.journal)});
  output_writer writer;
  journal.for_each([&](const parwork::journal_record& record) {
    std::string_view bytes = record.bytes();
    outcome kept;
    if (record.failed()) {
      const auto failed = record.result<outcome>();
      bytes = failed.error().message();
      kept = parwork::codec<outcome>::decode(bytes);
    } else {
      kept = parwork::codec<outcome>::decode(bytes);
    }
    if (request.failed_only && kept.succeeded()) return;
    std::string name(record.key());
    for (char& c : name) {
      if (c == '\0') c = ' ';
    }
    line_tag tag{.text = request.tag ? name + '\t' : std::string()};
    writer.show(kept.out, kept.err, tag);
  });
  return status::success;
}

}  // namespace cli
