// `parwork resume` and `parwork results`: what a journal knows of a run.
#pragma once

#include <string>
#include <vector>

#include "options/command_line.hpp"

namespace cli {

/// These return the exit status, and throw cli::error.
[[nodiscard]] int resume(const journal_request& request, const std::vector<std::string>& arguments);
[[nodiscard]] int results(const journal_request& request);

}  // namespace cli
