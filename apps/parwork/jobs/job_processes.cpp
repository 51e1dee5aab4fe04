#include "jobs/job_processes.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

namespace cli {
namespace {

// One look at all jobs.
class look {
 public:
  look(std::span<job_processes* const> jobs, const process_table& all, pid_t self,
       const origin_reader& origin)
      : jobs_(jobs), all_(all), self_(self), origin_(origin) {
    for (const process_entry& each : all_) {
      by_number_.emplace(each.id.pid, &each);
      children_[each.parent].push_back(&each);
      if (each.id.pid == self_) session_ = each.session;
    }
    for (job_processes* each : jobs_) {
      if (each->group > 0) groups_.emplace(each->group, each);
    }
  }

  std::size_t find() {
    for (job_processes* each : jobs_) begin(*each);
    for (const process_entry& each : all_) {
      if (const auto found = groups_.find(each.group); found != groups_.end()) {
        add(*found->second, each);
      }
    }
    adopt();
    follow();
    return fresh_;
  }

 private:
  // Those that are gone are forgotten, so that no later one with its number is taken for it.
  void begin(job_processes& which) {
    std::erase_if(which.outside, [this](const outside_process& each) {
      const auto found = by_number_.find(each.id.pid);
      return found == by_number_.end() || found->second->id != each.id || found->second->is_dead;
    });
    which.is_alive = !which.outside.empty();
    for (const outside_process& each : which.outside) {
      const process_entry& entry = *by_number_.at(each.id.pid);
      owners_.emplace(entry.id.pid, &which);
      waiting_.push_back(&entry);
    }
  }

  void add(job_processes& owner, const process_entry& which) {
    if (!owners_.emplace(which.id.pid, &owner).second) return;
    waiting_.push_back(&which);
    if (which.is_dead) return;
    owner.is_alive = true;
    if (which.group == owner.group) return;
    const auto from = origin_(which.id.pid);
    owner.outside.push_back({which.id, from && from->run != owner.origin.run});
    ++fresh_;
  }

  job_processes* job_of(const process_origin& origin) {
    const auto found = std::ranges::find_if(
        jobs_, [&](const job_processes* each) { return each->origin == origin; });
    return found == jobs_.end() ? nullptr : *found;
  }

  static bool is_daemon(const job_processes& owner, const process_entry& which) {
    return std::ranges::find(owner.daemons, which.id, &daemon_process::id) != owner.daemons.end();
  }

  void adopt() {
    const auto adopted = children_.find(self_);
    if (adopted == children_.end()) return;
    for (const process_entry* each : adopted->second) {
      if (each->is_dead || owners_.contains(each->id.pid)) continue;
      const auto origin = origin_(each->id.pid);
      job_processes* const owner = origin ? job_of(*origin) : nullptr;
      if (owner == nullptr || is_daemon(*owner, *each)) continue;
      if (each->session != session_ && !owner->is_ending) {
        owner->daemons.push_back({each->id, each->name});
      } else {
        add(*owner, *each);
      }
    }
  }

  // A child that is older than its parent is the child of one that had its number.
  void follow() {
    while (!waiting_.empty()) {
      const process_entry& parent = *waiting_.back();
      waiting_.pop_back();
      const auto children = children_.find(parent.id.pid);
      if (children == children_.end()) continue;
      for (const process_entry* each : children->second) {
        if (each->id.start >= parent.id.start) add(*owners_.at(parent.id.pid), *each);
      }
    }
  }

  const std::span<job_processes* const> jobs_;
  const process_table& all_;
  const pid_t self_;
  const origin_reader& origin_;
  pid_t session_ = 0;
  std::unordered_map<pid_t, const process_entry*> by_number_;
  std::unordered_map<pid_t, std::vector<const process_entry*>> children_;  // by their parent
  std::unordered_map<pid_t, job_processes*> groups_;
  std::unordered_map<pid_t, job_processes*> owners_;  // by the number of what they own
  std::vector<const process_entry*> waiting_;         // whose children have not been looked at
  std::size_t fresh_ = 0;
};

}  // namespace

std::size_t find_processes(std::span<job_processes* const> jobs, const process_table& all,
                           pid_t self, const origin_reader& origin) {
  return look(jobs, all, self, origin).find();
}

}  // namespace cli
