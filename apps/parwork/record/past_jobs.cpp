#include "record/past_jobs.hpp"

#include <algorithm>
#include <utility>

#include "support/units.hpp"

namespace cli {

void slot_times::add(std::string name, outcome ended, double start, attempt_fate fate) {
  const auto end = nanoseconds_of(start) + nanoseconds_of(ended.duration);
  auto& free_from = free_from_[ended.slot];
  const auto from = std::max(nanoseconds_of(start), free_from);  // clocks are set, and rounded
  const auto took = std::max(end - from, std::chrono::nanoseconds(0));
  ended.duration = std::chrono::duration<double>(took).count();
  free_from = from + took;
  last_ = std::max(last_, free_from);
  into_.add(std::move(name), ended, from, fate);
}

void past_jobs::add(std::string name, const outcome& recorded) {
  jobs_.push_back({std::move(name), recorded.message, recorded.start, recorded.duration,
                   recorded.run, recorded.sequence, std::max(recorded.slot, 1U), recorded.attempt,
                   recorded.why, recorded.exit, recorded.signal});
  slots_ = std::max(slots_, jobs_.back().slot);
  const double end = recorded.start + recorded.duration;
  const auto [run, is_new] = runs_.try_emplace(recorded.run, extent{recorded.start, end});
  if (is_new) return;
  run->second.begin = std::min(run->second.begin, recorded.start);
  run->second.end = std::max(run->second.end, end);
}

double past_jobs::begin() const {
  if (runs_.empty()) return 0;
  return std::ranges::min_element(runs_, {}, [](const auto& each) { return each.second.begin; })
      ->second.begin;
}

void past_jobs::lay_out_runs() {
  std::vector<extent*> in_order;
  in_order.reserve(runs_.size());
  for (auto& [number, each] : runs_) in_order.push_back(&each);
  std::ranges::sort(in_order, {}, &extent::begin);
  double offset = 0;
  for (extent* const each : in_order) {
    each->offset = offset;
    offset += each->end - each->begin;
  }
}

std::chrono::nanoseconds past_jobs::move_into(job_record& record) && {
  lay_out_runs();
  for (past_job& each : jobs_) {
    const extent& run = runs_.at(each.run);
    each.start += run.offset - run.begin;
  }
  std::ranges::sort(jobs_, {}, [](const past_job& each) { return each.start + each.duration; });
  slot_times times(record);
  for (past_job& each : jobs_) {
    outcome ended;
    ended.why = each.why;
    ended.exit = each.exit;
    ended.signal = each.signal;
    ended.message = std::move(each.message);
    ended.duration = each.duration;
    ended.attempt = each.attempt;
    ended.slot = each.slot;
    ended.sequence = each.sequence;
    if (each.attempt > 2)
      record.add_uncounted(each.attempt - 2);  // of which only the last is known
    times.add(std::move(each.name), std::move(ended), each.start, attempt_fate::for_good);
  }
  return times.last();
}

}  // namespace cli
