// Runs jobs of other machines here, one after the other: with the parts by which local ones are
// started and ended.
//
// Thread safety: a served_command belongs to one thread, which outlives what it starts, but for
// `stop`'s token. Each worker thread has one.
//
// Invariant: when `run` returns, the job's process has ended; and where it was ended by force, so
// has all that it started.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "jobs/launch.hpp"
#include "remote/remote_job.hpp"

namespace cli {

/// Who runs jobs, as their results say.
struct served_by {
  std::string host;
  std::string worker;  // another name for each process
};

class served_command {
 public:
  /// `begun`: called when a process has been started. REQUIRES: all that is given outlives it.
  served_command(const process_state& inherited, const served_by& who,
                 std::function<void(const remote_job&, const remote_outcome&)> begun);
  ~served_command();

  /// Blocks until the job has ended. `stop` ends it: TERM, after its grace KILL. `slot`: from 1.
  /// Throws std::bad_alloc alone.
  [[nodiscard]] remote_outcome run(const remote_job& what, unsigned slot, std::stop_token stop);

 private:
  class execution;

  [[nodiscard]] process_starter& starter_of(job_reach reach);

  const process_state& inherited_;
  const served_by& who_;
  const std::function<void(const remote_job&, const remote_outcome&)> begun_;
  std::unique_ptr<launcher> of_groups_, of_trees_;  // null: not needed so far
};

}  // namespace cli
