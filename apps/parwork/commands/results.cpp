// `parwork results`: the recorded output of a run's jobs.
#include <utility>

#include "commands/command.hpp"
#include "jobs/outcome.hpp"
#include "options/option_table.hpp"
#include "output/output_writer.hpp"
#include "parwork/journal_reader.hpp"
#include "record/run_file.hpp"
#include "support/error.hpp"

namespace cli {
namespace {

struct results_request {
  std::string journal;
  bool help = false;
  bool failed_only = false;
  bool tag = false;
};

constexpr const char* results_usage =
    "usage: parwork results JOURNAL [options]\n\nPrints the recorded output of all jobs, in input "
    "order.\n";

std::vector<option_section<results_request>> results_sections() {
  return {{"Options",
           {{{.names = "--failed", .help = "Only those of failed jobs"},
             [](results_request& to, const std::string& /*no value*/) { to.failed_only = true; }},
            {{.names = "--tag", .help = "Put the item and a tab before each line"},
             [](results_request& to, const std::string& /*no value*/) { to.tag = true; }},
            help_option<results_request>}}};
}

int results(const results_request& request) {
  require_journal(request.journal);
  const parwork::journal_reader journal(request.journal);  // also while a run goes on
  output_store large(0, output_file_of(request.journal), block_file::use::read_only);
  output_writer writer;
  bool damaged = false;
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
    kept.attach(large);
    try {
      kept.out.check();
      kept.err.check();
    } catch (const output_damaged& fault) {
      writer.say("parwork: the recorded output of job " + std::to_string(kept.sequence) +
                 " cannot be shown: " + fault.what() + '\n');
      damaged = true;
      return;
    }
    writer.show(kept.out, kept.err, tag);
  });
  return damaged ? status::unusable : status::success;
}

int show_results(const invocation& called) {
  results_request request;
  option_table table("parwork results", results_sections(), request);
  request.journal = table.parse_with_operand(called.words, "one journal is shown at a time");
  if (request.help) return print(table.help(results_usage, ""));
  if (request.journal.empty()) {
    throw error("a journal is missing\nusage: parwork results JOURNAL [options]");
  }
  return results(request);
}

std::vector<option_info> options_of_results() { return all_of(results_sections()); }

}  // namespace

extern const command results_command;
const command results_command{.name = "results",
                              .usage = "results JOURNAL [options]",
                              .summary = "recorded outputs, in input order",
                              .operand = "journal",
                              .options = options_of_results,
                              .run = show_results};

}  // namespace cli
