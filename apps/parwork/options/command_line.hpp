// The words of a run's command line, made into settings.
#pragma once

#include <string>
#include <vector>

#include "options/settings.hpp"

namespace cli {

struct run_request {
  run_settings settings;
  bool help = false;
};

/// Throws cli::error that names the option and says what would do.
[[nodiscard]] run_request parse_run(const std::vector<std::string>& words);

/// What a run's options were, for `resume`: the recorded words, then the new ones.
[[nodiscard]] run_settings parse_again(const std::vector<std::string>& recorded_options,
                                       const std::vector<std::string>& new_options,
                                       const std::vector<std::string>& other_words);

/// Whether a word ends the command, or a list: ":::", ":::+", "::::", "::::FILE" ...
[[nodiscard]] bool is_list_mark(const std::string& word);

}  // namespace cli
