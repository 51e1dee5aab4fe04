#include "output/failed_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "output/output_writer.hpp"

namespace cli {

void failed_file::make() {
  is_made_ = true;
  std::error_code fault;
  const auto folder = std::filesystem::temp_directory_path(fault);  // TMPDIR, as for held output
  if (fault) return;
  name_ = (folder / "parwork-failed-XXXXXX").string();
  file_ = descriptor(mkostemp(name_.data(), O_CLOEXEC));
  if (!file_.is_open()) name_.clear();
}

void failed_file::add(const std::vector<std::string>& items) {
  if (end_.empty()) return;
  if (!is_made_) make();
  if (!file_.is_open()) return;
  std::string text;
  for (const std::string& each : items) text += each + end_;
  if (write_all(file_.get(), text) == 0) return;
  unlink(name_.c_str());
  name_.clear();
  file_.reset();
}

}  // namespace cli
