// What a recorder has recorded, as JSON: the data of its page, and its trace.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "parwork/recorder.hpp"
#include "report/output_file.hpp"
#include "report/report.hpp"
#include "support/recorded.hpp"
#include "support/temporary_folder.hpp"

namespace parwork_test {

using nlohmann::json;

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The page's data.
inline json data_of(parwork::recorder& by) {
  const temporary_folder folder;
  {
    parwork::detail::output_file out(folder / "data");
    parwork::detail::write_run_data(recorded_by(by), out);
    out.close();
  }
  return json::parse(text_of(folder / "data"));
}

inline json trace_of(const parwork::recorder& by) {
  const temporary_folder folder;
  by.write_trace(folder / "trace");
  return json::parse(text_of(folder / "trace"));
}

}  // namespace parwork_test
