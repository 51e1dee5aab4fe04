// `parwork report`: the report of what a log or a journal tells.
#pragma once

#include "options/command_line.hpp"

namespace cli {

/// Returns the exit status. Throws cli::error.
[[nodiscard]] int report(const report_request& request);

}  // namespace cli
