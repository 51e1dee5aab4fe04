#include "jobs/timers.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using numbers = std::vector<std::uint64_t>;

constexpr cli::timers::time_point start{1h};

TEST(timers, those_that_are_due_are_taken_in_the_order_of_their_times) {
  cli::timers all;
  EXPECT_FALSE(all.next());
  all.set(1, start + 2s);
  all.set(2, start + 1s);
  all.set(3, start + 3s);
  EXPECT_EQ(all.next(), start + 1s);
  EXPECT_EQ(all.take_due(start), numbers{});
  EXPECT_EQ(all.take_due(start + 2s), (numbers{2, 1}));
  EXPECT_EQ(all.next(), start + 3s);
}

TEST(timers, a_new_time_replaces_the_one_before) {
  cli::timers all;
  all.set(1, start);
  all.set(1, start + 5s);
  EXPECT_EQ(all.take_due(start + 1s), numbers{});
  EXPECT_EQ(all.take_due(start + 5s), numbers{1});
  EXPECT_FALSE(all.next());
}

TEST(timers, one_that_is_cleared_is_not_due) {
  cli::timers all;
  all.set(1, start);
  all.set(2, start);
  all.clear(1);
  all.clear(7);
  EXPECT_EQ(all.take_due(start), numbers{2});
}

}  // namespace
