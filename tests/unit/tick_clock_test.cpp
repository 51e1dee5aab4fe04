// The clock inside the engine, beside the standard one.
#include "base/tick_clock.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using parwork::detail::tick_clock;
using std::chrono::steady_clock;

TEST(tick_clock, knows_what_it_showed_at_a_time_of_the_standard_clock) {
  tick_clock::calibrate();
  const tick_clock::rep before = tick_clock::count();
  const steady_clock::time_point when = steady_clock::now();
  const tick_clock::rep after = tick_clock::count();
  constexpr tick_clock::rep inexact = 10'000;  // nanoseconds: what reading both clocks may lose
  EXPECT_GE(tick_clock::count_at(when), before - inexact);
  EXPECT_LE(tick_clock::count_at(when), after + inexact);
}

TEST(tick_clock, counts_times_to_come) {
  tick_clock::calibrate();
  EXPECT_GT(tick_clock::count_at(steady_clock::now() + 1h),
            tick_clock::count() + 3'500'000'000'000);
}

}  // namespace
