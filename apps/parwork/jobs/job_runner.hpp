// Runs jobs in processes: the asynchronous work of a run.
//
// Jobs wait in a queue, in the order of their items, until one of `workers` slots is free; a lane
// then takes them. A lane is a thread that starts processes and watches those that it has started.
// There are several because starting one blocks until its program runs. This class makes the parts
// and the lanes; the parts do the rest, and each says what it owns.
//
// Thread safety: as job_engine's.
//
// Invariant: lanes are made as they are needed, and end before the parts that they use.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "jobs/job_engine.hpp"
#include "jobs/lane.hpp"

namespace cli {

/// The parts of a run that jobs use.
struct runner_parts {
  const run_settings& settings;
  const command_template& command;
  output_store& store;
  output_writer& writer;
  live_output& live;
  std::uint64_t run;  // PARWORK_RUN
  starter_factory starters;
  ledger_parts ledger;
  const results_folder* results = nullptr;  // null: none is wanted
  // With a terminal for jobs: one died of a key that was typed, whose signal this is.
  std::function<void(int)> interrupted = {};
};

class job_runner final : public job_engine {
 public:
  /// `stop`: called once, by any thread, when no further job shall be started.
  job_runner(const runner_parts& parts, std::function<void()> stop);

  /// Waits for every process to end, and for the lanes.
  ~job_runner() override;

  void set_slots(unsigned slots) CLI_EXCLUDES(mutex_) override;
  void allow_starts(std::uint64_t starts) CLI_EXCLUDES(mutex_) override;
  void end_youngest() override;
  void look_for_stopped() override;
  void suspend_jobs() CLI_EXCLUDES(mutex_) override;
  void continue_jobs() CLI_EXCLUDES(mutex_) override;

 private:
  void wake() CLI_EXCLUDES(mutex_) override;
  [[nodiscard]] bool add_lane() CLI_REQUIRES(mutex_);
  void order_signal(int number) CLI_EXCLUDES(mutex_);

  yielding yields_;
  const std::function<void(int)> interrupted_;
  std::unique_ptr<job_terminal> terminal_;  // null: jobs have none
  std::atomic<std::uint64_t> stops_ = 0;    // how often jobs may have been stopped
  const lane_parts parts_;
  const starter_factory starters_;
  const unsigned most_lanes_;
  mutex mutex_;
  std::vector<std::unique_ptr<lane>> lanes_ CLI_GUARDED_BY(mutex_);
};

}  // namespace cli
