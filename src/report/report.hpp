// Writes a recording as an HTML report.
#pragma once

#include <filesystem>

#include "engine/recording.hpp"

namespace parwork::detail {

// Throws std::system_error naming the file where it cannot be written, std::runtime_error where
// this build has no report.
void write_report(const recording& run, const std::filesystem::path& file);

}  // namespace parwork::detail
