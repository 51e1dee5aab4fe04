// Writes a recording as an HTML report.
#pragma once

#include <filesystem>

#include "recording/recording.hpp"
#include "report/output_file.hpp"

namespace parwork::detail {

// The page's data: one JSON object. The page's own types say what is in it
// (src/report/page/src/run.ts).
void write_run_data(const recording& run, output_file& file);

// Throws std::system_error naming the file where it cannot be written, std::runtime_error where
// this build has no report.
void write_report(const recording& run, const std::filesystem::path& file);

}  // namespace parwork::detail
