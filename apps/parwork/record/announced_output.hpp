// How much of an output that a run was about to show has reached its file, told by the file's bytes
// and not by its length: others may write to it as well.
//
// Thread safety: values.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "jobs/outcome.hpp"
#include "output/output_writer.hpp"

namespace cli {

/// How much of an outcome's output has been shown: bytes as shown, tags included.
struct shown_part {
  bool all = false;
  std::uint64_t out = 0;
  std::uint64_t err = 0;
};

/// Where in a regular file a stream wrote.
struct output_place {
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t at = 0;
  std::string file;
  std::uint64_t end = 0;  // behind it is what later runs wrote

  [[nodiscard]] bool is_same_file(const output_place& other) const noexcept {
    return device == other.device && inode == other.inode;
  }
};

struct announced_output {
  std::optional<output_place> out, err;  // nothing where that was no regular file
  shown_part before;                     // by runs before that one

  /// A later run wrote from here on.
  void ends_before(const std::optional<output_place>& later) noexcept;

  /// Reads the files. Counts none of a stream whose file is another one now, or cannot be read.
  /// Where both streams went to one file, standard error came behind standard output.
  [[nodiscard]] shown_part arrived(const outcome& what, const line_tag& tag) const;
};

}  // namespace cli
