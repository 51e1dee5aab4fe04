#include "report/measured.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace parwork::detail {

namespace {

// When work of the last batch began: who is idle from then on has nothing left to begin.
std::int64_t begin_of_tail(const std::vector<lane_view>& lanes) {
  std::int64_t begin = 0;
  for (const lane_view& each : lanes) {
    if (each.recorded == nullptr) continue;
    const auto& slices = each.recorded->slices();
    const auto last = std::find_if(slices.rbegin(), slices.rend(),
                                   [](const slice& one) { return one.worked > 0; });
    if (last != slices.rend()) begin = std::max(begin, last->start);
  }
  return begin;
}

// How long a lane was idle at its end and behind `begin`.
double idle_at_end(const lane_view& which, std::int64_t begin) {
  if (which.recorded == nullptr) return 0;
  double idle = 0;
  const auto& slices = which.recorded->slices();
  for (auto each = slices.rbegin(); each != slices.rend() && each->worked == 0; ++each) {
    idle += static_cast<double>(std::min(each->time[static_cast<std::size_t>(part::nothing)],
                                         std::max<std::int64_t>(0, each->end() - begin)));
  }
  return idle;
}

}  // namespace

measured::measured(const recording& of)
    : run(of),
      facts(of.facts()),
      counts(of.counts()),
      wall(std::max(0.0, static_cast<double>(of.length() - of.counts().paused.count()))),
      workers(std::max(1U, of.counts().workers)),
      durations(of.durations()),
      lost(of.lost()),
      stages(stages_of(of)) {
  const auto lanes = lanes_of(run);
  const std::int64_t tail_begin = begin_of_tail(lanes);
  for (const lane_view& each : lanes) {
    const lane_totals sum = totals_of(each, run.length());
    const auto spent = [&](part which) {
      return static_cast<double>(sum.time[static_cast<std::size_t>(which)]);
    };
    if (each.kind == lane_kind::backoff) continue;
    if (each.kind == lane_kind::slot && !facts.is_manual) continue;
    pull += spent(part::pulling);
    work += spent(part::working);
    collect += spent(part::collecting);
    if (each.kind == lane_kind::generator || each.kind == lane_kind::collector) continue;
    busy += spent(part::pulling) + spent(part::working) + spent(part::collecting);
    if (sum.worked == 0) continue;
    ++took_part;
    tail += ratio(idle_at_end(each, tail_begin), wall * workers);
  }
  for (const auto& each : run.remote().lanes()) {
    const lane_totals sum = totals_of({each->name, lane_kind::slot, &each->its}, run.length());
    remote_busy += static_cast<double>(sum.time[static_cast<std::size_t>(part::working)]);
    ++remote_threads;
  }
  waiting = ratio(static_cast<double>(run.waiting().sum()), wall);
  under_way = ratio(static_cast<double>(run.outstanding().sum()), wall);
  if (!facts.is_split) generator_load = ratio(pull, wall);
  if (!facts.folds) collector_load = ratio(collect, wall);
  if (facts.is_manual) generator_load = counts.generator_share;
  if (run.cpu() && busy > 0) {
    computed = std::min(1.0, static_cast<double>(run.cpu()->count()) / busy);
    delayed = std::min(1.0 - *computed, static_cast<double>(run.delayed().count()) / busy);
  }
  find_full_stage();
  if (const wait_record* const turns = run.work().known_turns()) {
    waiting_for_turn = ratio(static_cast<double>(turns->time()), wall);
  }
  auto all = slowest_of(run);
  if (!all.empty()) slowest = std::move(all.front());
}

// Places that are handed over a lot are not busy all the time: so it is full where items wait.
void measured::find_full_stage() {
  constexpr double full = 0.5;  // load
  for (const stage_view& each : stages) {
    if (each.limit == 0 || load_of(each) < full || waiting_for(each) < 1) continue;
    if (!full_stage || each.waited > full_stage->waited) full_stage = each;
  }
}

}  // namespace parwork::detail
