// Which processes are a job's: its group, and what it has started outside of that.
//
// A process belongs to a job that is being ended where
//   1. it is in the job's group,
//   2. its parent belongs to the job, or did when the job was ended, or
//   3. its parent has gone and this process, a subreaper, has adopted it, and its environment names
//      the job's attempt.
// A process of 3 that had a session of its own when the job was told to end is a daemon by intent:
// it is left, with what it starts.
//
// Thread safety: none; each job's are one lane's.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "jobs/process_table.hpp"

namespace cli {

/// A process outside of its job's group.
struct outside_process {
  process_id id;
  bool is_managed = false;  // a run within this one started it, and ends it when told to end
};

struct daemon_process {
  process_id id;
  std::string name;
};

struct job_processes {
  pid_t group = -1;  // -1: nothing is in it any more
  process_origin origin;
  bool is_ending = false;                // it was told to end
  std::vector<outside_process> outside;  // those that live
  std::vector<daemon_process> daemons;   // those that are left
  bool is_alive = true;                  // any of it but daemons
};

/// Asks for the origin of a process: origin_of, or a test's.
using origin_reader = std::function<std::optional<process_origin>(pid_t)>;

/// Brings `outside`, `daemons` and `is_alive` up to date. Returns how many processes outside of
/// groups it has met for the first time. `self`: the process that adopts, by its number.
std::size_t find_processes(std::span<job_processes* const> jobs, const process_table& all,
                           pid_t self, const origin_reader& origin);

}  // namespace cli
