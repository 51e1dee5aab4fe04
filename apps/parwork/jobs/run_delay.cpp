#include "jobs/run_delay.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "support/descriptor.hpp"

namespace cli {
namespace {

using proc_text = std::array<char, 256>;

// The beginning of a file, ended by a NUL byte.
bool read_start(const char* name, proc_text& into) noexcept {
  const descriptor file(open(name, O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return false;
  const ssize_t count = read(file.get(), into.data(), into.size() - 1);
  if (count <= 0) return false;
  into[static_cast<std::size_t>(count)] = '\0';
  return true;
}

}  // namespace

// Source: Documentation/scheduler/sched-stats.rst of Linux: time on a CPU, time on a run queue.
std::optional<cpu_share> cpu_share_of(pid_t process) noexcept {
  std::array<char, 64> name{};
  std::snprintf(name.data(), name.size(), "/proc/%d/schedstat", process);
  proc_text read{};
  std::int64_t had = 0, waited = 0;
  if (!read_start(name.data(), read)) return std::nullopt;
  if (std::sscanf(read.data(), "%" SCNd64 " %" SCNd64, &had, &waited) != 2) return std::nullopt;
  return cpu_share{std::chrono::nanoseconds(had), std::chrono::nanoseconds(waited)};
}

// Source: Documentation/accounting/psi.rst of Linux: "some avg10=... total=MICROSECONDS".
std::optional<std::chrono::nanoseconds> cpu_pressure() noexcept {
  proc_text read{};
  if (!read_start("/proc/pressure/cpu", read)) return std::nullopt;
  const char* const total = std::strstr(read.data(), "total=");
  std::int64_t microseconds = 0;
  if (total == nullptr || std::sscanf(total, "total=%" SCNd64, &microseconds) != 1) {
    return std::nullopt;
  }
  return std::chrono::microseconds(microseconds);
}

// Two sums of their own that nobody reads before all jobs have ended: relaxed.
void run_delay::add(const cpu_share& of_job) noexcept {
  had_.fetch_add(of_job.had.count(), std::memory_order_relaxed);
  waited_.fetch_add(of_job.waited.count(), std::memory_order_relaxed);
}

std::optional<std::chrono::nanoseconds> run_delay::of_jobs(std::chrono::nanoseconds cpu,
                                                           unsigned slots) const noexcept {
  const auto had = static_cast<double>(had_.load());
  if (had <= 0) return std::nullopt;
  const double scale = std::max(1.0, static_cast<double>(cpu.count()) / had);
  double waited = static_cast<double>(waited_.load()) * scale;
  const auto now = cpu_pressure();
  if (now && pressure_before_) {
    waited = std::min(waited, static_cast<double>((*now - *pressure_before_).count()) * slots);
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::clamp(waited, 0.0, 9e18)));
}

}  // namespace cli
