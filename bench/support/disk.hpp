// Where a measurement's files are, and what that disk costs.
//
// Thread safety: none.
#pragma once

#include <filesystem>
#include <string>

namespace bench {

/// A folder of its own, which goes with everything in it.
class temporary_folder {
 public:
  /// Below `parent`; where that is empty, below $TMPDIR or else beside this program. Throws
  /// std::system_error.
  explicit temporary_folder(const std::string& parent);
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// "ext4", "tmpfs" and the like; "an unknown file system" where the system does not tell.
std::string file_system_of(const std::filesystem::path& file);

/// How long it takes to append 4 KiB to a new file in `folder` and to make them durable, by
/// fdatasync: the median of `times`, in nanoseconds. Throws std::system_error.
double sync_ns(const std::filesystem::path& folder, int times);

/// A copy that is on the disk, in place of what was there. Throws std::system_error.
void copy_durably(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace bench
