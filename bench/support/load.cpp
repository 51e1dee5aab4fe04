#include "support/load.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/statistics.hpp"

namespace bench {

namespace {

// The shortest of several runs: what else the machine does only ever makes one longer.
double plain_ns_per_item(std::uint64_t steps, double run_ns, double expected_ns) {
  constexpr int runs = 15;
  const auto count = static_cast<std::uint64_t>(std::max(run_ns / expected_ns, 4.0));
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < runs; ++i) {
    const stopwatch watch;
    const tally collected = plain_tally(count, {.usual = steps});
    keep(collected);
    best = std::min(best, watch.ns() / static_cast<double>(collected.count));
  }
  return best;
}

}  // namespace

std::optional<item> source::operator()() noexcept {
  std::optional<item> made;
  if (next_ != count_) {
    fill(made.emplace(), next_++);
  }
  return made;
}

std::uint64_t steps_for(double grain_ns) {
  constexpr double run_ns = 1e6;
  constexpr double usual_step_ns = 2;
  constexpr int refinements = 3;
  if (grain_ns <= 0) {
    return 0;
  }
  const double empty_ns = plain_ns_per_item(0, run_ns, 10);
  double steps = std::max(grain_ns / usual_step_ns, 1.0);
  for (int i = 0; i < refinements; ++i) {
    const auto whole = static_cast<std::uint64_t>(std::llround(steps));
    const double added_ns = plain_ns_per_item(whole, run_ns, grain_ns) - empty_ns;
    steps = std::max(steps * grain_ns / std::max(added_ns, 0.1 * grain_ns), 1.0);
  }
  return static_cast<std::uint64_t>(std::llround(steps));
}

tally plain_tally(std::uint64_t count, const grain_steps& steps) {
  source generate(count);
  const kernel work(steps);
  tally collect;
  while (const auto it = generate()) {
    collect(work(*it));
  }
  return collect;
}

}  // namespace bench
