// The items that failed, in a file: where there are more than a report names, and nothing else
// knows them.
//
// Thread safety: none; the collector's thread has it.
#pragma once

#include <string>
#include <vector>

#include "support/descriptor.hpp"

namespace cli {

class failed_file {
 public:
  /// `end`: of each item; empty: nothing is kept.
  explicit failed_file(std::string end) : end_(std::move(end)) {}

  /// The file is made for the first one. What cannot be written is lost: then `name` is empty.
  void add(const std::vector<std::string>& items);

  /// In TMPDIR, or the system's folder for temporary files; empty: there is none. It stays.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& end_of_item() const noexcept { return end_; }

 private:
  void make();

  const std::string end_;
  bool is_made_ = false;
  descriptor file_;
  std::string name_;
};

}  // namespace cli
