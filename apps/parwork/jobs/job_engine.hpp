// What runs the jobs of a run, here or on other machines: what both have, and what they differ in.
//
// Jobs wait in a queue, in the order of their items, until one of so many slots is free. Thread
// safety: every public function may be called by any thread, wait_for_room by one.
//
// Invariant: each submitted job is finished exactly once through its completer.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include "jobs/job_queue.hpp"
#include "jobs/lane_loads.hpp"
#include "jobs/run_ending.hpp"
#include "jobs/run_ledger.hpp"
#include "options/settings.hpp"

namespace cli {

class job_engine {
 public:
  job_engine(const job_engine&) = delete;
  job_engine& operator=(const job_engine&) = delete;

  /// Waits for every job that runs to end.
  virtual ~job_engine() = default;

  /// As job_queue's.
  [[nodiscard]] bool wait_for_room() { return queue.wait_for_room(); }
  void skipped() { queue.skipped(); }
  void allow_unseen(std::size_t items) { queue.allow_unseen(items); }
  void submit(job& which, parwork::completer<outcome> done);

  /// As run_ending's.
  virtual void end_jobs(cause why) { ending.end_jobs(why); }
  virtual void kill_jobs() { ending.kill_jobs(); }
  virtual void fail(std::exception_ptr why) noexcept { ending.fail(std::move(why)); }

  /// So many jobs may run at once from now on; nothing that runs is ended.
  virtual void set_slots(unsigned slots) = 0;

  /// So many jobs may be started until it is said anew.
  virtual void allow_starts(std::uint64_t /*starts*/) {}

  /// Ends the youngest attempt, unless it is the only one; its job is started again.
  /// REQUIRES: settings.limits.memory.
  virtual void end_youngest() {}
  [[nodiscard]] bool is_idle() const noexcept { return queue.running() == 0; }

  /// A job may have been stopped, or have gone on.
  virtual void look_for_stopped() {}

  /// Stops what runs here, and lets it go on. Return when all of them have got the signal. In
  /// between nothing is started.
  virtual void suspend_jobs() {}
  virtual void continue_jobs() {}

  /// The most that ran at once, of what a report shows beside each other.
  [[nodiscard]] virtual unsigned most_slots_used() const { return queue.most_slots_used(); }
  [[nodiscard]] bool is_stopping() const noexcept { return queue.is_stopped(); }
  [[nodiscard]] std::exception_ptr fault() const { return ending.fault(); }
  [[nodiscard]] std::optional<refusal> refused() const { return ending.refused(); }
  [[nodiscard]] const run_counts& counts() const noexcept { return ledger.counts(); }

  /// How long jobs that had so much CPU time were ready to run and had none; nothing: not known.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> run_delay_of(
      std::chrono::nanoseconds cpu) const {
    return ledger.delay().of_jobs(cpu, queue.most_slots_used());
  }

  /// How long a slot was free because the next item had not been read.
  [[nodiscard]] std::chrono::nanoseconds waited_for_input() const {
    return queue.waited_for_input();
  }

 protected:
  /// `stop`: called once, by any thread, when no further job shall be started.
  job_engine(const start_settings& starts, ledger_parts counts_for, std::function<void()> stop)
      : queue(starts.workers, starts.delay),
        ledger(counts_for),
        ending(queue, loads, std::move(stop)) {}

  /// A job has been added to the queue.
  virtual void wake() = 0;

  job_queue queue;
  lane_loads loads;
  run_ledger ledger;
  run_ending ending;
};

}  // namespace cli
