// Reads the logs that run_log writes, those of runs that were killed included.
//
// Thread safety: none is needed, each call stands for itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "jobs/outcome.hpp"
#include "record/job_record.hpp"

namespace cli {

/// How a run was called.
struct logged_run {
  std::vector<std::string> arguments;  // the first one is the program
  unsigned workers = 1;                // at least 1
  double start = 0;                    // Unix time, seconds
  bool workers_vary = false;           // so many at most
};

/// An attempt that ended, or that had not when the log did. Its slot is one of its run's.
struct logged_attempt {
  std::string name;  // of the job
  outcome what;
  attempt_fate fate = attempt_fate::for_good;
};

/// Called while the log is read. All before `run_begins` belongs to another run.
struct log_uses {
  std::function<void(const logged_run&)> run_begins;
  std::function<void(logged_attempt&&)> attempt_ended;
};

/// What remains to be said of the log's last run.
struct log_end {
  std::uint64_t runs = 0;                       // in the log, at least 1
  logged_run run;                               // the last one
  std::vector<logged_attempt> unfinished = {};  // started and not ended, by slot
  std::uint64_t given_up = 0;                   // jobs that were to be repeated, and were not
  unsigned slots = 0;                           // the highest that a job had
  double last = 0;                          // when it was written to at last: Unix time, seconds
  std::optional<record_end> finished = {};  // nothing: the run was killed
};

/// `name`: of the log, for messages. Throws cli::error that names it and the line where it cannot
/// be read; a line that a killed run left half-written counts as not written. Needs memory for what
/// runs at one time and what waits to be repeated.
[[nodiscard]] log_end read_log(std::istream& log, const std::string& name, const log_uses& uses);

}  // namespace cli
