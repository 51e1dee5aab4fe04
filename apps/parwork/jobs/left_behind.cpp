#include "jobs/left_behind.hpp"

#include <algorithm>
#include <utility>

namespace cli {
namespace {

using namespace std::chrono_literals;

// A look may read the status of every process of the machine.
constexpr auto look_every = 20ms;

}  // namespace

void left_behind::add(job_processes of, clock::time_point kill_at) {
  if (jobs_.empty()) next_look_ = std::max(next_look_, clock::now());
  jobs_.push_back({std::move(of), kill_at});
}

void left_behind::kill_now() {
  next_look_ = clock::now();
  for (ended_job& each : jobs_) each.kill_at = next_look_;
}

void left_behind::look() {
  const auto now = clock::now();
  if (jobs_.empty() || now < next_look_) return;
  std::vector<job_processes*> all;
  all.reserve(jobs_.size());
  for (ended_job& each : jobs_) all.push_back(&each.processes);
  starter_.look(all);
  std::erase_if(jobs_, [](const ended_job& each) { return !each.processes.is_alive; });
  std::vector<job_processes*> due;
  for (ended_job& each : jobs_) {
    if (each.kill_at <= now) due.push_back(&each.processes);
  }
  if (!due.empty()) starter_.kill(due);
  std::erase_if(jobs_, [now](const ended_job& each) { return each.kill_at <= now; });
  next_look_ = clock::now() + look_every;
}

std::optional<left_behind::clock::time_point> left_behind::next_look() const noexcept {
  return jobs_.empty() ? std::nullopt : std::optional(next_look_);
}

}  // namespace cli
