// Runs jobs in processes: the asynchronous work of a run.
//
// Jobs wait in a queue, in the order of their items, until one of `workers` slots is free; a lane
// then takes them. A lane is a thread that starts processes and watches those that it has started.
// There are several because starting one blocks until its program runs. This class makes the parts
// and the lanes; the parts do the rest, and each says what it owns.
//
// Thread safety: every public function may be called by any thread, wait_for_room by one.
//
// Invariants:
// 1. Each submitted job is finished exactly once through its completer.
// 2. Lanes are made as they are needed, and end before the parts that they use.
#pragma once

#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

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
};

class job_runner {
 public:
  /// `stop`: called once, by any thread, when no further job shall be started.
  job_runner(const runner_parts& parts, std::function<void()> stop);
  job_runner(const job_runner&) = delete;
  job_runner& operator=(const job_runner&) = delete;

  /// Waits for every process to end, and for the lanes.
  ~job_runner();

  /// As job_queue's.
  [[nodiscard]] bool wait_for_room() { return queue_.wait_for_room(); }
  void skipped() { queue_.skipped(); }
  void allow_unseen(std::size_t items) { queue_.allow_unseen(items); }
  void submit(job& which, parwork::completer<outcome> done) CLI_EXCLUDES(mutex_);

  /// As run_ending's.
  void stop_starting() { ending_.stop_starting(); }
  void end_jobs(cause why) { ending_.end_jobs(why); }
  void kill_jobs() { ending_.kill_jobs(); }
  void fail(std::exception_ptr why) noexcept { ending_.fail(std::move(why)); }

  /// Stops what runs, and lets it go on. Return when all of them have got the signal.
  void suspend_jobs() { order_signal(SIGSTOP); }
  void continue_jobs() { order_signal(SIGCONT); }

  [[nodiscard]] bool is_stopping() const noexcept { return queue_.is_stopped(); }
  [[nodiscard]] std::exception_ptr fault() const { return ending_.fault(); }
  [[nodiscard]] std::optional<refusal> refused() const { return ending_.refused(); }
  [[nodiscard]] const run_counts& counts() const noexcept { return ledger_.counts(); }

  /// How long a slot was free because the next item had not been read.
  [[nodiscard]] std::chrono::nanoseconds waited_for_input() const {
    return queue_.waited_for_input();
  }

 private:
  void wake_lane() CLI_EXCLUDES(mutex_);
  [[nodiscard]] bool add_lane() CLI_REQUIRES(mutex_);
  void order_signal(int number) CLI_EXCLUDES(mutex_);

  job_queue queue_;
  lane_loads loads_;
  run_ledger ledger_;
  run_ending ending_;
  const lane_parts parts_;
  const starter_factory starters_;
  const unsigned most_lanes_;
  mutex mutex_;
  std::vector<std::unique_ptr<lane>> lanes_ CLI_GUARDED_BY(mutex_);
};

}  // namespace cli
