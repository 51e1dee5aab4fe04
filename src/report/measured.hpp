// What a verdict's sentences are made of: computed from a recording.
//
// Thread safety: reads a recording whose run is over, which has to outlive it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "report/analysis.hpp"

namespace parwork::detail {

// A run whose CPU time is less than this share of its busy time waits for something else.
inline constexpr double computing = 0.7;

[[nodiscard]] inline double ratio(double of, double to) { return to > 0 ? of / to : 0; }

struct measured {
  explicit measured(const recording& run);

  const recording& run;
  const run_facts& facts;
  const summary& counts;
  const double wall;
  const double workers;
  double pull = 0, work = 0, collect = 0;  // of all threads, nanoseconds
  double busy = 0;                         // of the workers alone
  double tail = 0;                         // share of the workers' time idle behind their last item
  unsigned took_part = 0;
  double generator_load = 0, collector_load = 0;  // of one thread: these parts are serial
  double under_way = 0, waiting = 0;              // asynchronous items, and backoffs, on average
  std::size_t remote_threads = 0;                 // on other machines
  double remote_busy = 0;                         // of them, nanoseconds
  duration_counts durations;
  std::optional<slow_attempt> slowest;
  std::optional<double> computed;  // share of the busy time that was CPU time
  double delayed = 0;              // share in which a thread was ready and had no CPU
  lost_time lost;
  std::vector<stage_view> stages;
  std::optional<stage_view> full_stage;  // of the limited ones the one that most items wait for
  double waiting_for_turn = 0;           // items whose key is being worked on, on average

  [[nodiscard]] double idle_share() const { return std::max(0.0, 1 - ratio(busy, wall * workers)); }
  [[nodiscard]] double mean() const {
    return ratio(static_cast<double>(durations.sum()), static_cast<double>(durations.count()));
  }
  [[nodiscard]] double longest() const { return static_cast<double>(durations.max()); }
  // What attempts that failed took: of the lanes' time, or where attempts overlap of that of all.
  [[nodiscard]] double lost_share() const {
    const bool overlaps = facts.is_async && !facts.is_manual;
    return ratio(static_cast<double>(lost.failed),
                 overlaps ? static_cast<double>(durations.sum()) : wall * workers);
  }
  [[nodiscard]] bool has_cpus() const { return delayed < 1 - computing; }
  // For something else than a CPU.
  [[nodiscard]] bool waits() const { return computed && *computed + delayed < computing; }
  // How much of its places' time was used; how many items waited for one, on average.
  [[nodiscard]] double load_of(const stage_view& limited) const {
    return ratio(static_cast<double>(limited.use.time), wall * limited.limit);
  }
  [[nodiscard]] double waiting_for(const stage_view& limited) const {
    return ratio(static_cast<double>(limited.waited), wall);
  }
  [[nodiscard]] double remote_load() const {
    return ratio(remote_busy, wall * static_cast<double>(remote_threads));
  }
  [[nodiscard]] double serial_load() const { return std::max(generator_load, collector_load); }
  [[nodiscard]] std::string serial_part() const {
    return generator_load >= collector_load ? "generator" : "collector";
  }

 private:
  void find_full_stage();
};

}  // namespace parwork::detail
