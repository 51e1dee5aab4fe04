// How many jobs a file's items make, counted beside the run that does them: reads the file a second
// time, so only for those who ask: the status line, and --halt with a share of all jobs.
//
// Thread safety: made and destroyed by one thread; counts in one of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

#include "jobs/command_template.hpp"
#include "jobs/job_division.hpp"
#include "options/settings.hpp"

namespace cli {

/// The input as one that can be read a second time from where the run begins; nothing where it is
/// no regular file. REQUIRES: nothing has been read from standard input.
[[nodiscard]] std::optional<input_settings> countable(const input_settings& from);

/// Nothing where `is_stopped` says so, or where the input cannot be read.
[[nodiscard]] std::optional<std::uint64_t> count_jobs(const input_settings& from,
                                                      const command_template& command,
                                                      job_division division,
                                                      const std::function<bool()>& is_stopped);

class job_count {
 public:
  /// `command` has to outlive it. `counted` is called once, unless it is stopped before.
  job_count(input_settings from, const command_template& command, job_division division,
            std::function<void(std::uint64_t)> counted);
  job_count(const job_count&) = delete;
  job_count& operator=(const job_count&) = delete;
  ~job_count();

 private:
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace cli
