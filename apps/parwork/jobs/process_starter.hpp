// The seam between lanes and the operating system's processes. Its other user is a fake of the
// unit tests, by which job running is tried without processes.
//
// Thread safety: a starter belongs to one lane's thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "jobs/job_processes.hpp"

namespace cli {

/// A started process, or the errno of why there is none.
struct launched {
  pid_t pid = -1;  // and its group's
  int pidfd = -1;  // readable when the process has ended
  int fault = 0;
};

/// Standard streams of a process.
struct process_streams {
  int in = -1;  // -1: nothing is there to be read
  int out = -1;
  int err = -1;
  int terminal = -1;  // whose foreground its group becomes; -1: none
  int folder = -1;    // where it runs; -1: where this process does
};

/// How a process ended.
struct process_end {
  int exit = 0;
  int signal = 0;  // 0: it was none
};

class process_starter {
 public:
  process_starter() = default;
  process_starter(const process_starter&) = delete;
  process_starter& operator=(const process_starter&) = delete;
  virtual ~process_starter() = default;

  /// Starts `arguments[0]` in a group of its own. REQUIRES: `arguments` is not empty.
  [[nodiscard]] virtual launched start(const std::vector<std::string>& arguments,
                                       char* const* environment,
                                       const process_streams& streams) = 0;

  /// Takes the end of a process whose `pidfd` is readable. False where it is interrupted: ask
  /// again.
  [[nodiscard]] virtual bool take_end(int pidfd, process_end& end) = 0;

  /// The signal that has stopped a process since it was asked last, or CONT where it has gone on
  /// since, or 0.
  [[nodiscard]] virtual int stopped_by(int pidfd) noexcept = 0;

  virtual void signal_group(pid_t group, int number) noexcept = 0;

  /// Tell jobs to end, and end them at once, with all that they have started. All at a time: what
  /// they have started has to be searched for.
  virtual void end(std::span<job_processes* const> jobs) noexcept = 0;
  virtual void kill(std::span<job_processes* const> jobs) noexcept = 0;

  /// Brings `is_alive` of them up to date.
  virtual void look(std::span<job_processes* const> jobs) noexcept = 0;
};

/// Makes one for each lane.
using starter_factory = std::function<std::unique_ptr<process_starter>()>;

}  // namespace cli
