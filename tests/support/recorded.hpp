// What holds of every recording, and its data as the page gets it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "parwork/recorder.hpp"
#include "recording/recording.hpp"
#include "report/analysis.hpp"

namespace parwork_test {

/// Lanes without gaps, whose times add up to the length of the run.
inline void expect_sound_lanes(const parwork::detail::recording& run) {
  using namespace parwork::detail;
  for (const lane_view& each : lanes_of(run)) {
    SCOPED_TRACE(each.name);
    std::int64_t end = 0;
    for (const slice& one : slices_of(each, run.length(), 0).slices) {
      ASSERT_EQ(one.start, end);
      for (const std::int64_t time : one.time) ASSERT_GE(time, 0);
      end = one.end();
    }
    const bool is_worker = each.kind == lane_kind::worker;
    if (is_worker && each.recorded != nullptr) {
      EXPECT_EQ(end, run.length());
    }
  }
}

/// The run that a recorder has recorded.
inline const parwork::detail::recording& recorded_by(parwork::recorder& by) {
  return parwork::detail::recording_of(by);
}

}  // namespace parwork_test
