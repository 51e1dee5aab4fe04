// The log of a run: one JSON object a line (docs/cli.md describes the fields).
//
// Thread safety: every function may be called by any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "jobs/job.hpp"

namespace cli {

/// Seconds since 1970, with fractions.
[[nodiscard]] double unix_time() noexcept;

/// What a run came to.
struct run_totals {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t interrupted = 0;
  std::uint64_t halted = 0;
  std::uint64_t not_started = 0;

  [[nodiscard]] std::uint64_t done() const noexcept { return succeeded + failed; }
};

/// How a run ended.
struct run_end {
  run_totals totals;
  int status = 0;
  std::chrono::nanoseconds wall{0};
  std::chrono::nanoseconds waited_for_input{0};  // while a slot was free
  std::chrono::nanoseconds cpu{0};               // of the jobs
};

/// Whether an attempt's output belongs into the log.
enum class output_in_log { left_out, included };

class run_log {
 public:
  /// Writes nothing.
  run_log() = default;

  /// Appends to a file. Throws cli::error where it cannot be opened.
  explicit run_log(const std::string& file);

  run_log(const run_log&) = delete;
  run_log& operator=(const run_log&) = delete;
  ~run_log();

  [[nodiscard]] bool is_on() const noexcept { return descriptor_ >= 0; }

  /// These throw cli::error where the file cannot be written.
  void run_begins(const std::vector<std::string>& arguments, unsigned workers, std::uint64_t run);
  void attempt_begins(const job& which, const outcome& begun);
  void attempt_ended(const job& which, const outcome& ended, output_in_log output);
  void run_ended(const run_end& end);

 private:
  void write(std::string line);

  std::string file_;
  int descriptor_ = -1;
  std::mutex mutex_;  // of what is written
};

}  // namespace cli
