// The pipes between a lane and its jobs.
//
// Thread safety: none; a lane has them.
#pragma once

#include "jobs/job_terminal.hpp"
#include "support/descriptor.hpp"

namespace cli {

struct pipe_ends {
  descriptor read, write;
};

/// 0 or an errno. Both ends are closed by exec.
[[nodiscard]] int make_pipe(pipe_ends& made);

/// Whether bytes, or the end, can be read without waiting.
[[nodiscard]] bool has_news(const descriptor& pipe) noexcept;

/// Whether a process has one of them open; either may be closed here. REQUIRES: what was in them
/// has been read.
[[nodiscard]] bool can_be_written(const descriptor& out, const descriptor& err) noexcept;

/// Where a job writes: a pipe, or the terminal itself.
class output_pipe {
 public:
  /// `terminal`: null where jobs have none. `stream`: the tool's own, 1 or 2.
  output_pipe(const job_terminal* terminal, int stream)
      : terminal_(terminal != nullptr ? terminal->output(stream) : -1),
        fault_(terminal_ < 0 ? make_pipe(ends_) : 0) {}

  /// 0, or an errno where there is no pipe.
  [[nodiscard]] int fault() const noexcept { return fault_; }
  [[nodiscard]] int write_end() const noexcept {
    return terminal_ >= 0 ? terminal_ : ends_.write.get();
  }
  /// Not open where the job writes to the terminal.
  [[nodiscard]] descriptor take_read_end() noexcept { return std::move(ends_.read); }

 private:
  pipe_ends ends_;
  const int terminal_;
  const int fault_;
};

}  // namespace cli
