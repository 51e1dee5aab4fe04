#include "options/run_options.hpp"

#include "support/error.hpp"

namespace cli {

std::vector<option_section<run_draft>> run_sections() {
  return {input_options(),  jobs_options(), output_options(), failures_and_time_options(),
          record_options(), view_options(), engine_options()};
}

std::string report_file(const std::string& name) {
  if (name.empty()) throw error("it is empty; give a file");
  if (name == "-") throw error("a report goes to a file and not to standard output: give a file");
  return name;
}

}  // namespace cli
