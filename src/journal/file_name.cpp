#include "journal/file_name.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "parwork/journal_errors.hpp"

namespace parwork::detail {

namespace fs = std::filesystem;

namespace {

constexpr int most_links = 40;  // as many as Linux follows

fs::path from_root(const fs::path& file) {
  if (file.is_absolute()) return file;
  std::error_code error;
  const fs::path folder = fs::current_path(error);
  if (!error) return folder / file;
  throw journal_unwritable(file, "has a relative path, and the current folder cannot be told (" +
                                     error.message() + "): give an absolute one");
}

[[noreturn]] void refuse_folder(const fs::path& file) {
  throw journal_unwritable(file, "is a folder: name a file in it");
}

// What a file's own name is in a folder without links.
fs::path in_real_folder(const fs::path& file) {
  std::error_code error;
  const fs::path name = file.filename();
  if (name.empty() || name == "." || name == "..") refuse_folder(file);
  fs::path folder = fs::weakly_canonical(file.parent_path(), error);
  return (error ? file.parent_path() : folder) / name;
}

// SQLite needs room behind the name for those of the files beside it.
void refuse_long_name(const fs::path& file) {
  constexpr std::size_t behind = sizeof "-journal" - 1;
  const sqlite3_vfs* const files = sqlite3_vfs_find(nullptr);
  if (files == nullptr) return;
  const std::size_t most = static_cast<std::size_t>(files->mxPathname) - behind;
  if (file.native().size() <= most) return;
  throw journal_unwritable(file, "has a path of " + std::to_string(file.native().size()) +
                                     " bytes, and SQLite takes up to " + std::to_string(most) +
                                     ": give it a shorter one");
}

}  // namespace

fs::path real_path(const fs::path& file) {
  if (file.empty()) throw std::invalid_argument("parwork: the journal's path is empty");
  if (file.native().find('\0') != fs::path::string_type::npos) {
    throw std::invalid_argument("parwork: the journal's path has a byte of value 0 in it");
  }
  fs::path real = in_real_folder(from_root(file));
  std::error_code error;
  for (int links = 0; fs::is_symlink(fs::symlink_status(real, error)); ++links) {
    const fs::path target = fs::read_symlink(real, error);
    if (error || links == most_links) {
      throw journal_unwritable(file, "is a symbolic link that leads nowhere: name a file");
    }
    real = in_real_folder(real.parent_path() / target);  // which an absolute target replaces
  }
  if (fs::is_directory(real, error)) refuse_folder(file);
  refuse_long_name(real);
  return real;
}

std::string uri_of(const fs::path& file, const char* parameters) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = "file://";
  for (const char c : file.native()) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string_view::npos) {
      uri += c;
    } else {
      uri += {'%', digits[byte >> 4], digits[byte & 0xf]};
    }
  }
  return uri + '?' + parameters;
}

}  // namespace parwork::detail
