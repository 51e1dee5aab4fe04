// What is read out of a recording, for the verdict, the trace and the report alike.
//
// Thread safety: reads a recording whose run is over.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "recording/recording.hpp"

namespace parwork::detail {

enum class lane_kind { worker, generator, collector, slot, backoff };
[[nodiscard]] std::string_view name_of(lane_kind kind) noexcept;

// One lane of the timeline.
struct lane_view {
  std::string name;
  lane_kind kind;
  const lane* recorded;  // null: its thread was never needed
};

using part_times = std::array<std::int64_t, parts>;

[[nodiscard]] std::vector<lane_view> lanes_of(const recording& run);

// Where a lane's time went, and how many attempts ended in it. Of one that was never needed: idle.
struct lane_totals {
  part_times time{};
  std::uint64_t worked = 0;
};
[[nodiscard]] lane_totals totals_of(const lane_view& which, std::int64_t length);

// A lane's slices; those that are shorter than `resolution` together with their neighbours.
struct lane_slices {
  std::vector<slice> slices;  // their names are positions in `names`, from 1
  std::vector<std::string> names;
};
[[nodiscard]] lane_slices slices_of(const lane_view& which, std::int64_t length,
                                    std::int64_t resolution);

struct slow_attempt {
  slow_item item;
  std::string lane;
};
[[nodiscard]] std::vector<slow_attempt> slowest_of(const recording& run);

// One stage of the work, or work that is limited by itself: then it is the only one.
struct stage_view {
  std::string name;         // "stage 1"; "limited work"
  unsigned limit = 0;       // 0: none
  stage_use use = {};       // of all workers
  double share = 0;         // of the time in all stages
  std::uint64_t waits = 0;  // for a place in it
  std::int64_t waited = 0;  // of all items together, in nanoseconds
};
[[nodiscard]] std::vector<stage_view> stages_of(const recording& run);

// How the run went over time, in equal intervals.
struct interval {
  std::int64_t middle;
  double rate;       // items a second
  double in_flight;  // at its end
};
[[nodiscard]] std::vector<interval> course_of(const recording& run);

// Slices shorter than this were merged while the run went on; 0: none.
[[nodiscard]] std::int64_t resolution_of(const recording& run);

// Of a manual run: the counts with what its attempts tell about shares and what bounded it.
[[nodiscard]] summary with_shares(const recording& run, summary counts);

}  // namespace parwork::detail
