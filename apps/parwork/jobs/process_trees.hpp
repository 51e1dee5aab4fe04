// Ends jobs with all that they have started.
//
// Thread safety: none; a lane has one.
#pragma once

#include <span>

#include "jobs/job_processes.hpp"
#include "jobs/job_reach.hpp"

namespace cli {

/// From now on this process adopts what its jobs leave behind.
void adopt_orphans() noexcept;

class process_trees {
 public:
  explicit process_trees(job_reach reach) : reach_(reach) {}

  /// TERM, and CONT for those that are stopped. What a run within this one manages is left to it.
  /// Notes daemons in the jobs. Cost: reads the status of every process of the machine, once for
  /// all jobs.
  void end(std::span<job_processes* const> jobs) noexcept;

  /// KILL, until nothing of them is met any more. The same cost, twice or more.
  void kill(std::span<job_processes* const> jobs) noexcept;

  /// Brings `is_alive` up to date. The same cost where it has a reach of trees, or where a group
  /// has members.
  void look(std::span<job_processes* const> jobs) noexcept;

 private:
  std::size_t find(std::span<job_processes* const> jobs) noexcept;

  const job_reach reach_;
};

}  // namespace cli
