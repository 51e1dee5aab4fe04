// files: the regular files below a directory as a generator.
//
// Thread safety: one call at a time, each happening before the next, as `process` makes them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>

namespace parwork {

/// What `files` calls for each thing that cannot be read.
using files_on_error = std::function<void(const std::filesystem::path&, std::error_code)>;

/// A generator of paths; made by `files`.
class file_generator {
 public:
  file_generator(std::filesystem::path root, files_on_error on_error);
  file_generator(file_generator&&) noexcept;
  file_generator& operator=(file_generator&&) noexcept;
  ~file_generator();

  /// The next file, or nothing at the end.
  [[nodiscard]] std::optional<std::filesystem::path> operator()();

 private:
  class walk;
  std::unique_ptr<walk> walk_;
};

/// The regular files below `root`, as paths that begin with `root` as it was given. A `root` that
/// is a regular file yields itself.
///
/// The walk is lazy: a directory is read when its turn comes, depth first. Entries come in the
/// order of their names, byte by byte; of directories with more than 10,000 entries each block of
/// that many is in order. So memory is bounded by depth, not by the number of files, and one
/// directory is open at a time (of the large ones, one a level). Costs about 3 us a file where the
/// system has the directories in memory.
///
/// Symbolic links below the root are neither followed nor yielded, like with `find -type f`; the
/// root itself may be one. Devices, pipes and sockets are left out.
///
/// What cannot be read (a missing root, a directory without permission, an entry that vanished)
/// goes to `on_error(path, code)`, called where the generator is, and the walk goes on. Without
/// `on_error` the generator throws `std::filesystem::filesystem_error`. What `on_error` throws
/// leaves the generator.
[[nodiscard]] file_generator files(std::filesystem::path root, files_on_error on_error = {});

}  // namespace parwork
