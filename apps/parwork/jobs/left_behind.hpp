// What jobs that were ended have left: their leaders are gone, and other processes of theirs may
// live until the grace is over.
//
// Thread safety: none; a lane has one.
#pragma once

#include <optional>
#include <vector>

#include "jobs/job_processes.hpp"
#include "jobs/process_starter.hpp"
#include "support/awake_clock.hpp"

namespace cli {

class left_behind {
 public:
  using clock = awake_clock;

  explicit left_behind(process_starter& starter) : starter_(starter) {}

  /// Of a job whose leader is gone.
  void add(job_processes of, clock::time_point kill_at);

  /// As if every grace were over.
  void kill_now();

  /// Where it is time to: forgets what has ended, and kills what has had its grace.
  void look();

  /// When to look next; nothing where nothing is left.
  [[nodiscard]] std::optional<clock::time_point> next_look() const noexcept;
  [[nodiscard]] bool is_empty() const noexcept { return jobs_.empty(); }

 private:
  struct ended_job {
    job_processes processes;
    clock::time_point kill_at;
  };

  process_starter& starter_;
  std::vector<ended_job> jobs_;
  clock::time_point next_look_;
};

}  // namespace cli
