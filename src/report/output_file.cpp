#include "report/output_file.hpp"

#include <cerrno>
#include <string>
#include <system_error>

namespace parwork::detail {

output_file::output_file(const std::filesystem::path& path)
    : path_(path), file_(std::fopen(path.c_str(), "wbe")) {
  if (file_ == nullptr) fail(errno);
}

void output_file::fail(int code) const {
  throw std::system_error(code, std::generic_category(),
                          "parwork: " + path_.string() + " cannot be written");
}

void output_file::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) fail(errno);
}

void output_file::close() {
  if (std::fclose(file_.release()) != 0) fail(errno);
}

}  // namespace parwork::detail
