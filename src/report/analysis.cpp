#include "report/analysis.hpp"

#include <algorithm>
#include <utility>

namespace parwork::detail {

namespace {

constexpr std::size_t most_slowest = 20;
constexpr std::size_t most_intervals = 400;

void add_set(std::vector<lane_view>& to, const lane_set& from, std::string_view word,
             lane_kind kind) {
  for (std::size_t i = 0; i < from.lanes().size(); ++i) {
    to.push_back({std::string(word) + ' ' + std::to_string(i + 1), kind, from.lanes()[i].get()});
  }
}

// Those that the run may have had, and whoever came besides. A run that can be resized has room for
// more than it ever had.
void add_workers(std::vector<lane_view>& to, const recording& run) {
  const unsigned workers = run.facts().workers;
  const unsigned had = std::max(1U, run.counts().workers);
  for (unsigned number = 0; number < workers + run.further_lanes(); ++number) {
    const lane* const its =
        number < workers ? run.worker_lane(number) : run.further_lane(number - workers);
    if (its == nullptr && number >= had) continue;
    to.push_back({run.facts().lane_word + ' ' + std::to_string(number), lane_kind::worker, its});
  }
  if (const lane* const its = run.worker_lane(workers)) {
    to.push_back({"generator", lane_kind::generator, its});
  }
  if (const lane* const its = run.worker_lane(workers + 1)) {
    to.push_back({"collector", lane_kind::collector, its});
  }
}

void add_slots(std::vector<lane_view>& to, const recording& run) {
  const auto& lanes = run.outstanding().lanes();
  for (unsigned number = 1; number <= run.facts().workers; ++number) {
    to.push_back({run.facts().lane_word + ' ' + std::to_string(number), lane_kind::slot,
                  number <= lanes.size() ? lanes[number - 1].get() : nullptr});
  }
}

slice idle_slice(std::int64_t length) {
  slice idle;
  idle.time[static_cast<std::size_t>(part::nothing)] = length;
  return idle;
}

// Of a run whose items are not counted one by one when they are taken and given back: how many
// attempts were under way.
bool counts_attempts(const run_facts& facts) { return facts.is_straight || facts.is_manual; }

// Adds to each interval what falls into it of an amount that is spread over a time.
void spread(std::vector<double>& over, double width, const slice& from, double amount) {
  if (amount == 0) return;
  const auto at = [&](std::int64_t time) {
    return std::min(over.size() - 1, static_cast<std::size_t>(static_cast<double>(time) / width));
  };
  const auto begin = static_cast<double>(from.start);
  const auto length = static_cast<double>(from.length());
  const std::size_t first = at(from.start), last = at(from.end());
  if (first == last || length <= 0) {
    over[last] += amount;
    return;
  }
  for (std::size_t i = first; i <= last; ++i) {
    const double left = std::max(begin, static_cast<double>(i) * width);
    const double right = std::min(begin + length, static_cast<double>(i + 1) * width);
    over[i] += amount * std::max(0.0, right - left) / length;
  }
}

// The most attempts that were under way at a time, as far as the timeline tells.
std::size_t most_at_once(const lane_set& lanes) {
  std::vector<std::pair<std::int64_t, int>> changes;
  for (const auto& each : lanes.lanes()) {
    for (const slice& span : each->slices()) {
      if (span.time[static_cast<std::size_t>(part::working)] == 0) continue;
      changes.emplace_back(span.start, 1);
      changes.emplace_back(span.end(), -1);  // sorts before a beginning at the same time
    }
  }
  std::ranges::sort(changes);
  std::int64_t now = 0, most = 0;
  for (const auto& [time, change] : changes) most = std::max(most, now += change);
  return static_cast<std::size_t>(most);
}

}  // namespace

std::string_view name_of(lane_kind kind) noexcept {
  switch (kind) {
    case lane_kind::worker:
      return "worker";
    case lane_kind::generator:
      return "generator";
    case lane_kind::collector:
      return "collector";
    case lane_kind::slot:
      return "slot";
    case lane_kind::backoff:
      return "backoff";
  }
  return "";
}

std::vector<lane_view> lanes_of(const recording& run) {
  std::vector<lane_view> lanes;
  if (run.facts().is_manual) {
    add_slots(lanes, run);
  } else {
    add_workers(lanes, run);
    // Before what is outstanding, of which there may be hundreds.
    for (const auto& each : run.remote().lanes()) {
      lanes.push_back({each->name, lane_kind::slot, &each->its});
    }
    add_set(lanes, run.outstanding(), "outstanding", lane_kind::slot);
    add_set(lanes, run.waiting(), "waiting", lane_kind::backoff);
  }
  return lanes;
}

lane_totals totals_of(const lane_view& which, std::int64_t length) {
  lane_totals sum;
  if (which.recorded == nullptr) {
    sum.time[static_cast<std::size_t>(part::nothing)] = length;
    return sum;
  }
  for (const slice& each : which.recorded->slices()) {
    for (std::size_t i = 0; i < parts; ++i) sum.time[i] += each.time[i];
    sum.worked += each.worked;
  }
  return sum;
}

lane_slices slices_of(const lane_view& which, std::int64_t length, std::int64_t resolution) {
  lane_slices shown;
  if (which.recorded == nullptr) {
    if (length > 0) shown.slices.push_back(idle_slice(length));
    return shown;
  }
  for (const slice& each : which.recorded->slices()) {
    if (!shown.slices.empty() && shown.slices.back().length() + each.length() <= resolution) {
      merge(shown.slices.back(), each);
    } else {
      shown.slices.push_back(each);
    }
  }
  for (slice& each : shown.slices) {
    if (each.name == slice::no_name) continue;
    shown.names.push_back(which.recorded->name_of(each));
    each.name = static_cast<std::uint32_t>(shown.names.size());
  }
  return shown;
}

std::vector<slow_attempt> slowest_of(const recording& run) {
  std::vector<slow_attempt> slowest;
  for (const lane_view& each : lanes_of(run)) {
    if (each.recorded == nullptr) continue;
    for (const slow_item& item : each.recorded->slowest()) slowest.push_back({item, each.name});
  }
  std::ranges::sort(slowest, [](const slow_attempt& left, const slow_attempt& right) {
    return std::pair(right.item.duration, left.item.index) <
           std::pair(left.item.duration, right.item.index);
  });
  if (slowest.size() > most_slowest) slowest.resize(most_slowest);
  return slowest;
}

std::vector<stage_view> stages_of(const recording& run) {
  const std::vector<stage_use> used = run.stages();
  std::int64_t all = 0;
  for (const stage_use& each : used) all += each.time;
  std::vector<stage_view> stages;
  for (std::size_t i = 0; i < used.size(); ++i) {
    const work_record::stage& its = run.work().stages()[i];
    stage_view& view = stages.emplace_back();
    view.name = used.size() == 1 ? "limited work" : std::string("stage ").append(std::to_string(i));
    view.limit = its.limit;
    view.use = used[i];
    view.share = all > 0 ? static_cast<double>(view.use.time) / static_cast<double>(all) : 0;
    view.waits = its.waits.count();
    view.waited = its.waits.time();
  }
  return stages;
}

std::vector<interval> course_of(const recording& run) {
  const std::int64_t length = run.length();
  if (length <= 0) return {};
  const auto count = static_cast<std::size_t>(
      std::clamp<std::int64_t>(length, 1, static_cast<std::int64_t>(most_intervals)));
  const double width = static_cast<double>(length) / static_cast<double>(count);
  const bool by_attempts = counts_attempts(run.facts());
  std::vector<double> finished(count), under_way(count);  // under_way: time, or a change
  for (const lane_view& lane : lanes_of(run)) {
    if (lane.recorded == nullptr || lane.kind == lane_kind::backoff) continue;
    const bool is_outstanding = lane.kind == lane_kind::slot && !run.facts().is_manual;
    if (is_outstanding) continue;  // their items are counted by the workers
    for (const slice& each : lane.recorded->slices()) {
      spread(finished, width, each, by_attempts ? each.worked : each.collected);
      const auto work = static_cast<double>(each.time[static_cast<std::size_t>(part::working)]);
      spread(under_way, width, each,
             by_attempts ? work : static_cast<double>(each.pulled) - each.collected);
    }
  }
  const double most = static_cast<double>(run.counts().peak_in_flight);
  std::vector<interval> course;
  double in_flight = 0;
  for (std::size_t i = 0; i < count; ++i) {
    in_flight = by_attempts ? under_way[i] / width : in_flight + under_way[i];
    const double shown = std::max(0.0, most > 0 ? std::min(in_flight, most) : in_flight);
    course.push_back({static_cast<std::int64_t>((static_cast<double>(i) + 0.5) * width),
                      finished[i] / width * 1e9, shown});
  }
  return course;
}

std::int64_t resolution_of(const recording& run) {
  std::int64_t coarsest = 0;
  for (const lane_view& each : lanes_of(run)) {
    if (each.recorded != nullptr) coarsest = std::max(coarsest, each.recorded->resolution());
  }
  return coarsest;
}

summary with_shares(const recording& run, summary counts) {
  counts.workers = run.facts().workers;
  const std::int64_t wall = counts.wall.count();
  std::int64_t work = 0;
  std::int64_t last = 0;
  for (const auto& each : run.outstanding().lanes()) {
    for (const slice& span : each->slices()) {
      work += span.time[static_cast<std::size_t>(part::working)];
    }
    last = std::max(last, each->end());
  }
  counts.wall = std::chrono::nanoseconds(std::max(wall, last));
  counts.paused = std::clamp(counts.paused, std::chrono::nanoseconds(0), counts.wall);
  const double whole = static_cast<double>((counts.wall - counts.paused).count()) * counts.workers;
  counts.work_share = whole > 0 ? std::min(1.0, static_cast<double>(work) / whole) : 0;
  counts.generator_share = std::clamp(counts.generator_share, 0.0, 1.0 - counts.work_share);
  counts.collector_share = 0;
  counts.idle_share = 1.0 - counts.work_share - counts.generator_share;
  counts.peak_in_flight = most_at_once(run.outstanding());
  counts.peak_memory = 0;  // attempts by hand have no weights
  if (counts.work_share >= bottleneck_threshold) {
    counts.bound = bottleneck::work;
  } else if (counts.work_share + counts.generator_share >= bottleneck_threshold) {
    counts.bound = bottleneck::generator;
  } else {
    counts.bound = bottleneck::balanced;
  }
  return counts;
}

}  // namespace parwork::detail
