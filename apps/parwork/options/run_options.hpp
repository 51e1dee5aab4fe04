// The options of `parwork run`, and of `parwork resume`, which change those of the recorded run.
#pragma once

#include <string>
#include <vector>

#include "options/option.hpp"
#include "options/settings.hpp"

namespace cli {

/// Settings in the making: options whose defaults depend on others, and what the user has said.
struct run_draft {
  run_settings to;
  struct {
    bool workers = true, ahead = true, grace = true, buffer = true;
    bool input_file = false, null = false, delimiter = false;
    bool unlimited_workers = false;  // not left, but as many as there may be
    bool pipe = true, block = true, items_per_job = true;
    bool job = true, lost_after = true, login = true;
    bool share_of_cpus = false;  // -j N%
  } left;
  bool help = false;

  login_settings& logins() {
    left.login = false;
    return to.engine.login;
  }
};

/// A section each; run_sections has all of them in order.
[[nodiscard]] option_section<run_draft> input_options();
[[nodiscard]] option_section<run_draft> jobs_options();
[[nodiscard]] option_section<run_draft> engine_options();
[[nodiscard]] option_section<run_draft> output_options();
[[nodiscard]] option_section<run_draft> failures_and_time_options();
[[nodiscard]] option_section<run_draft> record_options();
[[nodiscard]] option_section<run_draft> view_options();
[[nodiscard]] std::vector<option_section<run_draft>> run_sections();

/// The file of a report; throws cli::error where it cannot be one.
[[nodiscard]] std::string report_file(const std::string& name);

}  // namespace cli
