// The seam between lanes and the operating system's processes. Its other user is a fake of the
// unit tests, by which job running is tried without processes.
//
// Thread safety: a starter belongs to one lane's thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cli {

/// A started process, or the errno of why there is none.
struct launched {
  pid_t pid = -1;  // and its group's
  int pidfd = -1;  // readable when the process has ended
  int fault = 0;
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

  /// Starts `arguments[0]` in a group of its own, with these descriptors as standard output and
  /// error. REQUIRES: `arguments` is not empty.
  [[nodiscard]] virtual launched start(const std::vector<std::string>& arguments,
                                       char* const* environment, int out, int err) = 0;

  /// Takes the end of a process whose `pidfd` is readable. False where it is interrupted: ask
  /// again.
  [[nodiscard]] virtual bool take_end(int pidfd, process_end& end) = 0;

  /// The signal that has stopped a process since it was asked last, or 0.
  [[nodiscard]] virtual int stopped_by(int pidfd) noexcept = 0;

  virtual void signal_group(pid_t group, int number) noexcept = 0;
  [[nodiscard]] virtual bool group_is_alive(pid_t group) noexcept = 0;
};

/// Makes one for each lane.
using starter_factory = std::function<std::unique_ptr<process_starter>()>;

}  // namespace cli
