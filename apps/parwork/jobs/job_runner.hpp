// Starts jobs, watches them and ends them: the asynchronous work of a run.
//
// Jobs wait here in the order of their items until one of `workers` slots is free; a lane then
// takes them. A lane is a thread that starts processes and watches those that it has started. There
// are several because starting one blocks until its program runs.
//
// Thread safety: every public function may be called by any thread, wait_for_room by one.
//
// Invariants:
// 1. At most `workers` jobs run; slots of running jobs differ.
// 2. At most `workers` jobs and eight others have been read and have not ended: input is read as
//    fast as jobs start. Jobs that wait for another attempt do not count.
// 3. Each submitted job is finished exactly once through its completer.
// 4. No job starts after one whose end halts the run: its slot is given back after that.
// 5. Jobs start in the order of their items, a repeated one before those behind it. With a
//    journal that knows some of them, which never come here, only among those that wait.
// 6. A lane ends after every process that it started.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "jobs/command_template.hpp"
#include "jobs/job.hpp"
#include "jobs/launch.hpp"
#include "options/settings.hpp"
#include "output/job_output.hpp"
#include "parwork/completer.hpp"
#include "record/job_record.hpp"
#include "record/run_log.hpp"

namespace cli {

class lane;

/// What a run has on its way: for the status line.
struct run_counts {
  std::atomic<std::uint64_t> running = 0;
  std::atomic<std::uint64_t> succeeded = 0;  // these two: for good
  std::atomic<std::uint64_t> failed = 0;
};

/// One that waits for a slot.
struct waiting_job {
  job* which;
  parwork::completer<outcome> done;
};

/// The parts of a run that jobs use.
struct runner_parts {
  const run_settings& settings;
  const command_template& command;
  const process_state& inherited;
  output_store& store;
  output_writer& writer;
  live_output& live;
  run_log& log;
  halt_rule& halt;
  std::uint64_t run;   // PARWORK_RUN
  job_record* record;  // null: none is wanted
  std::chrono::steady_clock::time_point begin;
};

/// Why the run's command cannot be started at all.
struct refusal {
  int status;  // 126 or 127
  std::string message;
};

class job_runner {
 public:
  /// `stop`: called once, by any thread, when no further job shall be started.
  job_runner(runner_parts parts, std::function<void()> stop);
  job_runner(const job_runner&) = delete;
  job_runner& operator=(const job_runner&) = delete;

  /// Waits for every process to end, and for the lanes.
  ~job_runner();

  /// Waits until another item may be read; false when none shall be. Each true is followed by
  /// submit, once, or by skipped.
  [[nodiscard]] bool wait_for_room();
  void submit(job& which, parwork::completer<outcome> done);
  void skipped();

  /// So many items may be between wait_for_room and submit or skipped, whatever runs: those that a
  /// journal knows are never submitted.
  void allow_unseen(std::size_t items);

  /// No job is started any more; those that wait arrive as cancelled.
  void stop_starting();

  /// The same, and what runs is ended: TERM, after the grace KILL.
  void end_jobs(cause why);

  /// The same, by KILL, at once.
  void kill_jobs();

  /// Stops what runs, and lets it go on. Return when all of them have got the signal.
  void suspend_jobs() { order_signal(SIGSTOP); }
  void continue_jobs() { order_signal(SIGCONT); }

  /// The run cannot go on: ends the jobs, and is kept; the first one counts.
  void fail(std::exception_ptr why) noexcept;
  void refuse(refusal why);

  [[nodiscard]] bool is_stopping() const noexcept { return stopping_; }
  [[nodiscard]] std::exception_ptr fault() const;
  [[nodiscard]] std::optional<refusal> refused() const;
  [[nodiscard]] const run_counts& counts() const noexcept { return counts_; }

  /// How long a slot was free because the next item had not been read.
  [[nodiscard]] std::chrono::nanoseconds waited_for_input() const;

 private:
  friend class lane;

  /// What a lane works on next, with its slot taken.
  struct assignment {
    waiting_job waiting;
    unsigned slot;
  };
  using lanes = std::vector<std::unique_ptr<lane>>;
  [[nodiscard]] lanes::iterator idlest();
  std::optional<assignment> take(lane& asking, std::size_t has);
  [[nodiscard]] bool put_back(assignment& held);
  void release(unsigned slot);
  void note_arrival(std::uint64_t sequence);
  void note_hunger();
  [[nodiscard]] bool is_first_due() const;
  void note_end(job& which, const outcome& ended);
  [[nodiscard]] bool is_last_attempt(const outcome& ended) const;
  [[nodiscard]] bool is_for_good(const outcome& ended) const;
  void deliver(job& which, outcome&& ended, parwork::completer<outcome> done);
  void halt();
  void wake_all();
  void wake_one();
  void drop_waiting();
  void order_signal(int number);
  void obeyed(std::uint64_t order);

  const runner_parts parts_;
  const unsigned most_lanes_;
  const std::function<void()> stop_;
  run_counts counts_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> ending_ = false;  // end_cause_ is set
  std::atomic<bool> killing_ = false;
  std::atomic<cause> end_cause_ = cause::interrupted;
  std::atomic<std::uint64_t> ends_ = 0;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable room_;
  std::condition_variable obeyed_all_;
  std::map<std::uint64_t, waiting_job> waiting_;  // by number
  std::uint64_t next_to_arrive_ = 1;              // all jobs before it have been submitted
  std::set<std::uint64_t> early_;                 // and these behind it
  std::priority_queue<unsigned, std::vector<unsigned>, std::greater<>> free_slots_;
  unsigned slots_made_ = 0;
  unsigned running_ = 0;
  std::size_t unseen_ = 0;       // between wait_for_room and submit or skipped
  std::size_t most_unseen_ = 0;  // 0: they count as those that wait
  bool starved_ = false;         // none can be started until one ends
  bool closed_ = false;
  std::optional<std::chrono::steady_clock::time_point> hungry_since_;
  std::chrono::nanoseconds hungry_for_{0};  // before that
  std::exception_ptr fault_;
  std::optional<refusal> refusal_;
  int signal_ordered_ = 0;
  std::uint64_t signal_orders_ = 0;
  std::size_t lanes_to_obey_ = 0;
  lanes lanes_;  // started as they are needed
};

}  // namespace cli
