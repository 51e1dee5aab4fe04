#include "parwork/files.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace parwork {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t block_entries = 10'000;

enum class kind { file, directory, other };

// Costs a system call only on file systems that do not tell the type with the name.
kind kind_of(const fs::directory_entry& entry, std::error_code& error) {
  if (entry.is_symlink(error) || error) return kind::other;
  if (entry.is_directory(error)) return kind::directory;
  if (error) return kind::other;
  return entry.is_regular_file(error) ? kind::file : kind::other;
}

// A directory on the way from the root to where the walk is.
struct open_directory {
  fs::path path;
  fs::directory_iterator rest;             // what is not in the block yet
  std::vector<fs::directory_entry> block;  // in order of names
  std::size_t next = 0;                    // in the block
};

}  // namespace

class file_generator::walk {
 public:
  walk(fs::path root, files_on_error on_error)
      : root_(std::move(root)), on_error_(std::move(on_error)) {}

  std::optional<fs::path> next() {
    if (!begun_) {
      begun_ = true;
      if (begin_at_root() == kind::file) return root_;
    }
    while (!way_.empty()) {
      if (!has_next(way_.back())) {
        way_.pop_back();
        continue;
      }
      const fs::directory_entry entry = std::move(way_.back().block[way_.back().next++]);
      std::error_code error;
      const kind found = kind_of(entry, error);
      if (error) report(entry.path(), error);
      if (found == kind::file) return entry.path();
      if (found == kind::directory) descend(entry.path());
    }
    return std::nullopt;
  }

 private:
  kind begin_at_root() {
    std::error_code error;
    const fs::file_status status = fs::status(root_, error);
    if (fs::is_regular_file(status)) return kind::file;
    if (fs::is_directory(status)) {
      descend(root_);
      return kind::directory;
    }
    report(root_, error ? error : std::make_error_code(std::errc::not_a_directory));
    return kind::other;
  }

  void descend(const fs::path& directory) {
    std::error_code error;
    fs::directory_iterator entries(directory, error);
    if (error) {
      report(directory, error);
    } else {
      way_.push_back({.path = directory, .rest = std::move(entries), .block = {}});
    }
  }

  bool has_next(open_directory& directory) {
    if (directory.next < directory.block.size()) return true;
    directory.block.clear();
    directory.next = 0;
    std::error_code error;
    while (directory.rest != fs::directory_iterator() && directory.block.size() < block_entries) {
      directory.block.push_back(*directory.rest);
      directory.rest.increment(error);
    }
    std::sort(directory.block.begin(), directory.block.end(),
              [](const fs::directory_entry& left, const fs::directory_entry& right) {
                return left.path().native() < right.path().native();
              });
    // Last, because it may throw: an error has made `rest` the end.
    if (error) report(directory.path, error);
    return !directory.block.empty();
  }

  void report(const fs::path& path, std::error_code error) const {
    if (!on_error_) throw fs::filesystem_error("parwork::files: cannot read", path, error);
    on_error_(path, error);
  }

  fs::path root_;
  files_on_error on_error_;
  bool begun_ = false;
  std::vector<open_directory> way_;
};

file_generator::file_generator(fs::path root, files_on_error on_error)
    : walk_(std::make_unique<walk>(std::move(root), std::move(on_error))) {}
file_generator::file_generator(file_generator&&) noexcept = default;
file_generator& file_generator::operator=(file_generator&&) noexcept = default;
file_generator::~file_generator() = default;

std::optional<fs::path> file_generator::operator()() { return walk_->next(); }

file_generator files(fs::path root, files_on_error on_error) {
  return {std::move(root), std::move(on_error)};
}

}  // namespace parwork
