// What is noted of each attempt: counts, whether the run is to be halted, log and record.
//
// Thread safety: every function may be called by any thread; for one job by one at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "jobs/halt.hpp"
#include "jobs/job.hpp"
#include "jobs/run_delay.hpp"
#include "record/job_record.hpp"
#include "record/run_log.hpp"
#include "support/awake_clock.hpp"

namespace cli {

/// What has ended for good: for the status line.
struct run_counts {
  std::atomic<std::uint64_t> running = 0;
  std::atomic<std::uint64_t> succeeded = 0;
  std::atomic<std::uint64_t> failed = 0;
};

/// Where it is noted.
struct ledger_parts {
  unsigned retries;
  run_log& log;
  halt_rule& halt;
  job_record* record;  // null: none is wanted
  awake_clock::time_point begin;
};

/// Whether jobs may still be tried again.
enum class run_state : std::uint8_t { going_on, stopping };

class run_ledger {
 public:
  explicit run_ledger(ledger_parts parts) : parts_(parts) {}

  /// Throws cli::error where the log cannot be written.
  void attempt_begins(const job& which, const outcome& begun) {
    parts_.log.attempt_begins(which, begun);
  }
  void started() noexcept { ++counts_.running; }
  void put_back() noexcept { --counts_.running; }

  /// Counts and records an attempt's end. True where the run is to be halted for it.
  /// REQUIRES: the job's slot is still its own, so that the ends of two jobs that ran one after
  /// the other are counted in their order. `begin`: when the attempt began.
  [[nodiscard]] bool ended(job& which, const outcome& what, awake_clock::time_point begin,
                           run_state run);

  /// Whether anybody wants to know how jobs shared the CPUs.
  [[nodiscard]] bool wants_cpu_shares() const noexcept {
    return parts_.record != nullptr || parts_.log.is_on();
  }
  void add_cpu_share(const cpu_share& of_job) noexcept { delay_.add(of_job); }
  [[nodiscard]] const run_delay& delay() const noexcept { return delay_; }

  /// An attempt has ended that counts for nothing: for record and log. Throws as log_end.
  void gave_back(job& which, const outcome& what, awake_clock::time_point begin);

  /// The log's line for that end; throws cli::error where it cannot be written.
  void log_end(const job& which, const outcome& what);

  /// The slot is free.
  void left() noexcept { --counts_.running; }

  /// Whether no other attempt would follow if the run went on.
  [[nodiscard]] bool is_last_attempt(const outcome& ended) const noexcept;
  [[nodiscard]] bool is_for_good(const outcome& ended, run_state run) const noexcept {
    return run == run_state::stopping || is_last_attempt(ended);
  }
  [[nodiscard]] bool halts_at_once() const noexcept { return parts_.halt.when() == halt_when::now; }
  [[nodiscard]] const run_counts& counts() const noexcept { return counts_; }

 private:
  const ledger_parts parts_;
  run_counts counts_;
  run_delay delay_;
  std::atomic<std::uint64_t> ends_ = 0;
};

}  // namespace cli
