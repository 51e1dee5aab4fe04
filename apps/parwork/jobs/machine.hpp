// What the machine has left: CPUs that nobody wants, and memory.
//
// Thread safety: every function may be called by any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace cli {

/// Bytes. Of the control group where that has less.
struct memory_state {
  std::uint64_t available = 0;
  std::uint64_t total = 0;
};

class machine {
 public:
  /// `root`: below it are proc and sys/fs/cgroup; tests have one of their own.
  explicit machine(std::filesystem::path root = "/") : root_(std::move(root)) {}

  /// How many threads of all processes run or wait for a CPU at this moment, but for the calling
  /// one. Nothing where the kernel does not tell.
  [[nodiscard]] std::optional<unsigned> runnable() const;

  /// Nothing where the kernel does not tell. What a control group holds of files that can be
  /// dropped counts as available.
  [[nodiscard]] std::optional<memory_state> memory() const;

 private:
  [[nodiscard]] std::optional<memory_state> memory_of_group(
      const std::filesystem::path& group) const;

  const std::filesystem::path root_;
};

}  // namespace cli
