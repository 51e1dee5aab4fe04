// Room on the disk that is kept free for a journal's last commits: when the disk is full, the
// reserve is given up, and what the collector has seen can still be recorded.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <filesystem>

namespace parwork::detail {

class reserve {
 public:
  /// Sets room aside in a file beside the journal; less, or none, where there is little.
  explicit reserve(const std::filesystem::path& journal);
  ~reserve() { release(); }
  reserve(const reserve&) = delete;
  reserve& operator=(const reserve&) = delete;

  /// How many bytes a group may have, so that two of them, as they come to lie in SQLite's log,
  /// have room in the reserve. A record that is larger by itself may be lost to a full disk.
  [[nodiscard]] std::size_t group_bytes() const noexcept { return group_bytes_; }

  /// Gives the room back. False where there is none (any more).
  bool release() noexcept;

 private:
  const std::filesystem::path file_;
  std::size_t group_bytes_;
  bool held_ = false;
};

}  // namespace parwork::detail
