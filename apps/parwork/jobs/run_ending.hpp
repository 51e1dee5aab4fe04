// How a run ends before its items are done: what lanes are to do, and why.
//
// Thread safety: every function may be called by any thread.
//
// Invariant: no job starts after one whose end halts the run: the queue is stopped before that
// job's slot is free.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>

#include "jobs/job_queue.hpp"
#include "jobs/lane_loads.hpp"
#include "support/mutex.hpp"

namespace cli {

/// Why the run's command cannot be started at all.
struct refusal {
  int status;  // 126 or 127
  std::string message;
};

/// A signal for all jobs; the number tells one order from the next.
struct signal_order {
  std::uint64_t number = 0;
  int signal = 0;
};

class run_ending {
 public:
  /// `stop`: called once, by any thread, when no further job shall be started.
  run_ending(job_queue& queue, lane_loads& lanes, std::function<void()> stop)
      : queue_(queue), lanes_(lanes), stop_(std::move(stop)) {}

  /// No job is started any more; those that wait arrive as cancelled.
  void stop_starting() CLI_EXCLUDES(mutex_);

  /// The same, and what runs is ended: TERM, after the grace KILL. The first cause counts.
  void end_jobs(cause why) CLI_EXCLUDES(mutex_);

  /// The same, by KILL, at once.
  void kill_jobs() CLI_EXCLUDES(mutex_);

  /// The run cannot go on: ends the jobs, and is kept; the first one counts.
  void fail(std::exception_ptr why) noexcept CLI_EXCLUDES(mutex_);
  void refuse(refusal why) CLI_EXCLUDES(mutex_);
  [[nodiscard]] std::exception_ptr fault() const CLI_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<refusal> refused() const CLI_EXCLUDES(mutex_);

  /// What lanes ask: the cause for which jobs are ended, and whether by KILL.
  [[nodiscard]] std::optional<cause> ends_for() const noexcept {
    return ending_ ? std::optional(cause_.load()) : std::nullopt;
  }
  [[nodiscard]] bool kills() const noexcept { return killing_; }

  /// A signal for what runs, to be sent by so many lanes; and waits until they have sent it.
  void order_signal(int number, std::size_t lanes) CLI_EXCLUDES(mutex_);
  void wait_until_obeyed() CLI_EXCLUDES(mutex_);
  [[nodiscard]] signal_order last_signal() const CLI_EXCLUDES(mutex_);
  void obeyed(std::uint64_t order) CLI_EXCLUDES(mutex_);

  /// Lanes that have nothing left may end.
  void close() noexcept { closed_ = true; }
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }

 private:
  job_queue& queue_;
  lane_loads& lanes_;
  const std::function<void()> stop_;
  std::atomic<bool> ending_ = false;  // cause_ is set
  std::atomic<bool> killing_ = false;
  std::atomic<bool> closed_ = false;
  std::atomic<cause> cause_ = cause::interrupted;

  mutable mutex mutex_;
  condition obeyed_all_;
  std::exception_ptr fault_ CLI_GUARDED_BY(mutex_);
  std::optional<refusal> refusal_ CLI_GUARDED_BY(mutex_);
  signal_order signal_ CLI_GUARDED_BY(mutex_);
  std::size_t lanes_to_obey_ CLI_GUARDED_BY(mutex_) = 0;
};

[[nodiscard]] parwork::failure not_started();

}  // namespace cli
