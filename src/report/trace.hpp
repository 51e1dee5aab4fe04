// Writes a recording as a Chrome trace.
#pragma once

#include <filesystem>

#include "recording/recording.hpp"

namespace parwork::detail {

// Throws std::system_error naming the file where it cannot be written.
void write_trace(const recording& run, const std::filesystem::path& file);

}  // namespace parwork::detail
