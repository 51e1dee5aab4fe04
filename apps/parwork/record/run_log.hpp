// The log of a run: one JSON object a line (docs/cli.md describes the fields).
//
// Thread safety: every function may be called by any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "jobs/job.hpp"
#include "output/output_writer.hpp"

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
  std::chrono::nanoseconds waited_for_input{0};            // while a slot was free
  std::chrono::nanoseconds cpu{0};                         // of the jobs
  std::optional<std::chrono::nanoseconds> run_delay = {};  // of the jobs: ready, without a CPU
};

/// How many jobs may run at once; `vary`: at most, and how many were there turns out.
struct slots_of_run {
  unsigned most = 1;
  bool vary = false;
};

/// Whether an attempt's output belongs into the log.
enum class output_in_log { left_out, included };

class run_log {
 public:
  /// Writes nothing.
  run_log() = default;

  /// Appends to a file. Throws cli::error where it cannot be opened.
  /// "-": to standard output, between the outputs of jobs.
  run_log(const std::string& file, output_writer& writer);

  run_log(const run_log&) = delete;
  run_log& operator=(const run_log&) = delete;
  ~run_log();

  [[nodiscard]] bool is_on() const noexcept { return descriptor_ >= 0 || writer_ != nullptr; }

  /// These throw cli::error where the file cannot be written.
  void run_begins(const std::vector<std::string>& arguments, slots_of_run slots, std::uint64_t run);
  void attempt_begins(const job& which, const outcome& begun);
  void attempt_ended(const job& which, const outcome& ended, output_in_log output);
  void run_ended(const run_end& end);

 private:
  void write(std::string line);

  std::string file_;
  int descriptor_ = -1;
  output_writer* writer_ = nullptr;  // of a log on standard output
  std::mutex mutex_;                 // of what is written
};

}  // namespace cli
