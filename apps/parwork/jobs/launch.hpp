// Starts processes without copying the memory of this one, with a group of their own and a
// parent-death signal.
//
// Thread safety: a launcher belongs to one thread, and that thread has to outlive what it starts: a
// parent-death signal is sent when the thread that started the process ends (prctl(2)).
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "jobs/process_starter.hpp"
#include "jobs/process_trees.hpp"

namespace cli {

/// What children are to get as this process got it: read before it changes any of this.
struct process_state {
  sigset_t mask{};
  // What these signals do: SIG_DFL or SIG_IGN. Ignored here, they are errors of a write.
  void (*on_pipe)(int) = SIG_DFL;
  void (*on_large_file)(int) = SIG_DFL;
  rlimit files{};
  int no_input = -1;  // /dev/null, open for reading
};

/// The environment of jobs: this process's, with PARWORK_* of its own.
class job_environment {
 public:
  /// `host`: PARWORK_HOST of jobs that come from elsewhere; empty: they have none.
  explicit job_environment(std::uint64_t run, const std::string& host = {});

  /// Valid until the next call.
  [[nodiscard]] char* const* of(std::uint64_t sequence, unsigned slot, unsigned attempt);

  /// What processes with that environment say of themselves.
  [[nodiscard]] process_origin origin_of(std::uint64_t sequence, unsigned attempt) const;

 private:
  std::vector<char*> pointers_;  // the inherited ones, then ours, then null
  std::size_t inherited_;
  std::string run_, host_, sequence_, slot_, attempt_;
};

/// Where a program is, as execvp(3) searches for it: 0 and its path, or an errno.
[[nodiscard]] int find_program(const std::string& program, std::string& path);

class launcher : public process_starter {
 public:
  launcher(const process_state& inherited, job_reach reach);
  ~launcher() override;

  /// Starts `arguments[0]`, searched for in PATH where it has no slash. REQUIRES: `arguments` is
  /// not empty. Blocks until the new program runs. Cost: about 0.3 ms.
  [[nodiscard]] launched start(const std::vector<std::string>& arguments, char* const* environment,
                               const process_streams& streams) override;

  [[nodiscard]] bool take_end(int pidfd, process_end& end) override;
  [[nodiscard]] int stopped_by(int pidfd) noexcept override;
  void signal_group(pid_t group, int number) noexcept override;
  void end(std::span<job_processes* const> jobs) noexcept override { trees_.end(jobs); }
  void kill(std::span<job_processes* const> jobs) noexcept override { trees_.kill(jobs); }
  void look(std::span<job_processes* const> jobs) noexcept override { trees_.look(jobs); }

 private:
  int resolve(const std::string& program);

  const process_state& inherited_;
  process_trees trees_;
  void* stack_;
  std::vector<char*> pointers_;
  std::string program_;  // as it was asked for last
  std::string path_;     // and where it was found
};

}  // namespace cli
