// The bar on a terminal: what is done, running and failed, the rate, and when it will be over.
//
// Thread safety: made and destroyed by one thread; draws on its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "jobs/job_runner.hpp"
#include "options/settings.hpp"
#include "output/output_writer.hpp"
#include "support/awake_clock.hpp"

namespace cli {

/// How many jobs there are, as soon as that is known. Any thread may ask and tell.
class run_total {
 public:
  void set(std::uint64_t jobs) noexcept { jobs_ = jobs; }
  [[nodiscard]] std::optional<std::uint64_t> get() const noexcept {
    const std::uint64_t jobs = jobs_;
    return jobs == unknown ? std::nullopt : std::optional(jobs);
  }

 private:
  static constexpr std::uint64_t unknown = std::numeric_limits<std::uint64_t>::max();
  std::atomic<std::uint64_t> jobs_ = unknown;
};

/// What one drawing shows.
struct status_figures {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t running = 0;
  std::optional<std::uint64_t> total = {};
  std::chrono::duration<double> elapsed{0};
};

/// The line for a terminal of `columns` columns; never longer than those.
[[nodiscard]] std::string format_status(const status_figures& figures, std::size_t columns);

class status_line {
 public:
  /// Draws nothing unless `mode` and standard error allow it.
  status_line(progress_mode mode, const run_counts& counts, const run_total& total,
              output_writer& writer);
  status_line(const status_line&) = delete;
  status_line& operator=(const status_line&) = delete;

  /// Takes the line away.
  ~status_line();

 private:
  void run(std::chrono::milliseconds first);
  void draw();

  const run_counts& counts_;
  const run_total& total_;
  output_writer& writer_;
  const awake_clock::time_point begin_ = awake_clock::now();
  std::mutex mutex_;  // of over_
  std::condition_variable over_changed_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace cli
