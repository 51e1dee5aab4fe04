#include "report/gains.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/readable.hpp"
#include "report/phrases.hpp"

namespace parwork::detail {

namespace {

using phrases::percent;
using phrases::time;
using phrases::times_as_fast;

// No run is shorter than its longest item.
double limit_by_longest(const measured& m) {
  return m.longest() > 0 ? m.wall / m.longest() : m.wall;
}

// With a serial part that costs nothing the workers' other time is what is left.
double factor_without(const measured& m, double serial, double other_serial) {
  const double left = std::max({(m.busy - serial) / m.workers, other_serial, m.longest(), 1.0});
  return std::max(1.0, m.wall / left);
}

}  // namespace

double factor_without_generator(const measured& m) { return factor_without(m, m.pull, m.collect); }

double factor_without_collector(const measured& m) { return factor_without(m, m.collect, m.pull); }

std::string name_of(const measured& m, const slow_attempt& which) {
  if (!which.item.name.empty()) return "'" + which.item.name + "'";
  return m.facts.item_word + ' ' + std::to_string(which.item.index);
}

std::string places_of(const stage_view& stage) {
  return stage.limit == 1 ? "its only place" : "its " + readable_count(stage.limit) + " places";
}

narrow_part narrowest(const measured& m) {
  if (m.full_stage && m.load_of(*m.full_stage) > m.serial_load()) {
    const double load = m.load_of(*m.full_stage);
    return {load, m.full_stage->name + " (" + places_of(*m.full_stage) + " busy " + percent(load) +
                      " of the time)"};
  }
  return {m.serial_load(),
          "the " + m.serial_part() + " (" + percent(m.serial_load()) + " of a core)"};
}

std::optional<double> workers_until_serial(const measured& m) {
  const double load = narrowest(m).load;
  if (load < negligible_load) return std::nullopt;
  return m.workers * ratio(m.busy, m.wall * m.workers) / load;
}

std::optional<double> workers_until_longest(const measured& m) {
  if (m.longest() < negligible_load * m.wall || !m.slowest) return std::nullopt;
  return m.busy / m.longest();
}

double best_factor(const measured& m) {
  const double busy = std::max({m.busy / m.workers, narrowest(m).load * m.wall, m.longest(), 1.0});
  const double free = m.generator_load >= m.collector_load ? factor_without_generator(m)
                                                           : factor_without_collector(m);
  double more = std::min(limit_by_longest(m), static_cast<double>(m.durations.count()) / m.workers);
  if (const auto most = workers_until_serial(m)) more = std::min(more, *most / m.workers);
  if (m.facts.is_async) more = 1;  // workers only start those items
  return std::max({1.0, m.wall / busy, free, more});
}

double best_factor_of_manual(const measured& m) {
  const double left = std::max({m.work / m.workers, m.longest(), 1.0});
  double more = std::min(limit_by_longest(m), static_cast<double>(m.durations.count()) / m.workers);
  if (m.counts.generator_share > 0) more = std::min(more, 1 / m.counts.generator_share);
  return std::max({1.0, m.wall / left, more});
}

// While the longest item is worked on, the other workers finish so many others.
std::string gain_of_larger_queue(const measured& m) {
  const double left = std::max({m.busy / m.workers, m.serial_load() * m.wall, m.longest(), 1.0});
  const double factor = m.wall / left;
  if (factor < 1 + notable || m.mean() <= 0) return "";
  const double behind = (m.workers - 1) * m.longest() / m.mean();
  const double most = static_cast<double>(m.counts.produced);
  const double needed =
      std::min(most, std::max(behind + m.workers, 2 * static_cast<double>(m.facts.queue)));
  return " With one of about " + readable_count(static_cast<std::uint64_t>(std::ceil(needed))) +
         " the run could be up to " + times_as_fast(factor) + " as fast.";
}

}  // namespace parwork::detail
