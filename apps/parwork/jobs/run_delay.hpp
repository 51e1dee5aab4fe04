// How long jobs were ready to run and had no CPU.
//
// The kernel tells it of each process, as long as that has not been waited for, and forgets it of
// those that a job starts itself. Those are taken to have waited as long for each second of CPU
// time as the job's first process.
//
// Thread safety: every function may be called by any thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace cli {

/// Of one thread.
struct cpu_share {
  std::chrono::nanoseconds had{0};
  std::chrono::nanoseconds waited{0};
};

/// Of a process's first thread, also of a dead one whose end has not been taken. Nothing where the
/// kernel does not tell. Costs about 10 us.
[[nodiscard]] std::optional<cpu_share> cpu_share_of(pid_t process) noexcept;

/// How long so far some task of the machine has waited for a CPU, where the kernel tells.
[[nodiscard]] std::optional<std::chrono::nanoseconds> cpu_pressure() noexcept;

class run_delay {
 public:
  void add(const cpu_share& of_job) noexcept;

  /// Of all jobs, which had so much CPU time; nothing where it is not known. `slots`: of them at
  /// most so many waited at a time.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> of_jobs(std::chrono::nanoseconds cpu,
                                                                unsigned slots) const noexcept;

 private:
  const std::optional<std::chrono::nanoseconds> pressure_before_ = cpu_pressure();
  std::atomic<std::int64_t> had_ = 0;  // nanoseconds, as the next
  std::atomic<std::int64_t> waited_ = 0;
};

}  // namespace cli
