// A run: jobs for items, from its input to its exit status.
#pragma once

#include <string>
#include <vector>

#include "options/settings.hpp"

namespace cli {

/// Does the jobs; returns the exit status. `arguments`: the whole command line, for the log.
/// Throws cli::error.
[[nodiscard]] int run(const run_settings& settings, const std::vector<std::string>& arguments);

}  // namespace cli
