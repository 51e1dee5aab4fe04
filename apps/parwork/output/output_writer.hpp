// Standard output and standard error: what the jobs wrote, messages, and the status line.
//
// Thread safety: every function may be called by any thread. Each call is one unit: nothing else is
// written in between.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "jobs/outcome.hpp"
#include "support/error.hpp"

namespace cli {

enum class stream : std::uint8_t { out, err };

/// Nothing can be written to standard output or error any more.
class output_lost : public error {
 public:
  output_lost(stream which, int code);

  /// Whether its reader has gone, which is how a pipe ends and no fault.
  [[nodiscard]] bool reader_gone() const noexcept { return reader_gone_; }

 private:
  bool reader_gone_;
};

/// What stands in front of each line of a job, and whether one is due.
struct line_tag {
  std::string text;  // empty: nothing
  bool due[2] = {true, true};
};

/// Calls `use` for the bytes of an output as they are shown, with tags, but for the first `shown`
/// of them.
void visit_shown(stream to, const held_output& from, std::uint64_t shown, line_tag& tag,
                 const std::function<void(std::string_view)>& use);

class output_writer {
 public:
  /// A job's output, standard output first. Throws output_lost, or cli::error where held output
  /// cannot be read.
  void show(const held_output& out, const held_output& err, line_tag& tag) {
    show(out, 0, err, 0, tag);
  }

  /// The same but for so many first bytes of each as they are shown.
  void show(const held_output& out, std::uint64_t out_before, const held_output& err,
            std::uint64_t err_before, line_tag& tag);

  /// A part of a job's output.
  void show(stream to, std::string_view bytes, line_tag& tag);

  /// Lines for the user, on standard error. Where that is lost there is nobody to tell.
  void say(std::string_view lines) noexcept;

  /// Draws the status line anew; empty: takes it away. REQUIRES: standard error is a terminal.
  void draw_status(std::string_view line) noexcept;

 private:
  void write_tagged(stream to, std::string_view bytes, line_tag& tag);
  void write(stream to, std::string_view bytes);
  void erase_status() noexcept;

  std::mutex mutex_;  // of everything
  bool status_shown_ = false;
  bool line_open_ = false;  // the terminal's last line was not ended
};

/// Writes everything, waiting where the descriptor would block. 0 or an errno.
[[nodiscard]] int write_all(int descriptor, std::string_view bytes) noexcept;

}  // namespace cli
