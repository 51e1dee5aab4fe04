#include "jobs/process_trees.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace cli {
namespace {

// Those that start processes faster than they are found are left: each time fewer of them live.
constexpr int most_looks = 16;

void signal_group(const job_processes& job, int number) noexcept {
  if (job.group > 0) ::kill(-job.group, number);
}

enum class managed : std::uint8_t { left, signalled };

void signal_outside(const job_processes& job, int number, managed others) noexcept {
  for (const outside_process& each : job.outside) {
    if (!each.is_managed || others == managed::signalled) signal_process(each.id, number);
  }
}

}  // namespace

void adopt_orphans() noexcept { prctl(PR_SET_CHILD_SUBREAPER, 1); }

// A group without members may be another one's later. Dead members may stay for long, until
// whoever has adopted them takes their status.
std::size_t process_trees::find(std::span<job_processes* const> jobs) noexcept {
  for (job_processes* const each : jobs) {
    if (each->group > 0 && ::kill(-each->group, 0) != 0) each->group = -1;
    each->is_alive = each->group > 0 || !each->outside.empty();
  }
  const bool any = std::ranges::any_of(jobs, [](const auto* each) { return each->is_alive; });
  if (jobs.empty() || (reach_ == job_reach::group && !any)) return 0;
  try {
    const process_table all = read_processes();
    if (all.empty()) return 0;  // then as far as can be told
    static const origin_reader read = origin_of;
    if (reach_ == job_reach::tree) return find_processes(jobs, all, getpid(), read);
    for (job_processes* const each : jobs) {
      each->is_alive = std::ranges::any_of(all, [each](const process_entry& other) {
        return other.group == each->group && !other.is_dead;
      });
    }
  } catch (...) {
    return 0;  // no memory: the next look may have some
  }
  return 0;
}

void process_trees::end(std::span<job_processes* const> jobs) noexcept {
  if (reach_ == job_reach::tree) find(jobs);
  for (job_processes* const each : jobs) each->is_ending = true;
  for (const job_processes* const each : jobs) {
    for (const int number : {SIGTERM, SIGCONT}) {  // one that is stopped sees it, too
      signal_group(*each, number);
      signal_outside(*each, number, managed::left);
    }
  }
}

void process_trees::kill(std::span<job_processes* const> jobs) noexcept {
  std::size_t fresh = 0;
  if (reach_ == job_reach::tree) find(jobs);
  int looks = 0;
  do {
    for (const job_processes* const each : jobs) {
      signal_group(*each, SIGKILL);
      signal_outside(*each, SIGKILL, managed::signalled);
    }
    fresh = reach_ == job_reach::tree ? find(jobs) : 0;
  } while (fresh > 0 && ++looks < most_looks);
}

void process_trees::look(std::span<job_processes* const> jobs) noexcept { find(jobs); }

}  // namespace cli
