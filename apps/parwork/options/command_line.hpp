// The words of the command line, made into settings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options/settings.hpp"

namespace cli {

/// What a subcommand's words ask for.
struct run_request {
  run_settings settings;
  bool help = false;
};
struct journal_request {  // resume and results
  std::string journal;
  run_settings changes;  // of resume: what the options say,
  bool help = false;
  bool failed_only = false;  // of results
  bool tag = false;
};

struct report_request {
  std::string source;  // a journal or a log
  std::string file;    // of the report
  bool quiet = false;
  bool help = false;
};

/// These throw cli::error that names the option and says what would do.
[[nodiscard]] run_request parse_run(const std::vector<std::string>& words);
[[nodiscard]] journal_request parse_resume(const std::vector<std::string>& words);
[[nodiscard]] journal_request parse_results(const std::vector<std::string>& words);
[[nodiscard]] report_request parse_report(const std::vector<std::string>& words);

/// Whether a first word is no command's name, but means something here.
[[nodiscard]] bool is_subcommand(std::string_view word);

/// Texts of --help.
[[nodiscard]] std::string overview();
[[nodiscard]] std::string run_help();
[[nodiscard]] std::string resume_help();
[[nodiscard]] std::string results_help();
[[nodiscard]] std::string report_help();

/// What a run's options were, for `resume`: the recorded words, then the new ones.
[[nodiscard]] run_settings parse_again(const std::vector<std::string>& recorded_options,
                                       const std::vector<std::string>& new_options,
                                       const std::vector<std::string>& other_words);

}  // namespace cli
