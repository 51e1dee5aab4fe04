#include "parwork/detail/pace.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using parwork::detail::pace;
using parwork::detail::wait_end;
using parwork::detail::wait_until;

const pace::clock::time_point begin = pace::clock::time_point(1h);

TEST(pace, lets_the_first_item_go_at_once) {
  const pace ten_a_second(10);
  EXPECT_LT(ten_a_second.due(), begin);
}

TEST(pace, leaves_a_slot_between_items) {
  pace ten_a_second(10);
  ten_a_second.taken(begin);
  EXPECT_EQ(ten_a_second.due(), begin + 100ms);
  ten_a_second.taken(begin + 100ms);
  EXPECT_EQ(ten_a_second.due(), begin + 200ms);
}

TEST(pace, makes_up_for_a_late_awakening) {
  pace ten_a_second(10);
  ten_a_second.taken(begin);
  ten_a_second.taken(begin + 100ms + 800us);
  EXPECT_EQ(ten_a_second.due(), begin + 200ms);
}

TEST(pace, starts_anew_after_a_pause) {
  pace ten_a_second(10);
  ten_a_second.taken(begin);
  ten_a_second.taken(begin + 5s);
  EXPECT_EQ(ten_a_second.due(), begin + 5s + 100ms);
}

TEST(pace, counts_from_where_an_item_came_that_was_waited_for) {
  pace ten_a_second(10);
  ten_a_second.taken(begin);
  ten_a_second.taken(begin + 150ms);  // half a slot late
  EXPECT_EQ(ten_a_second.due(), begin + 250ms);
}

TEST(pace, keeps_a_rate_far_beyond_what_sleeping_can) {
  pace million_a_second(1e6);
  million_a_second.taken(begin);
  for (int i = 1; i <= 100; ++i) million_a_second.taken(begin + 100us);  // slept for 100 slots
  EXPECT_EQ(million_a_second.due(), begin + 101us);
}

TEST(pace, takes_the_slowest_and_the_fastest_rate) {
  pace hardly_ever(std::numeric_limits<double>::denorm_min());
  hardly_ever.taken(begin);
  EXPECT_GT(hardly_ever.due(), begin + std::chrono::years(30));
  pace without_limit(std::numeric_limits<double>::infinity());
  without_limit.taken(begin);
  EXPECT_EQ(without_limit.due(), begin);
}

TEST(pace, refuses_what_is_no_rate) {
  EXPECT_THROW(pace{0}, std::invalid_argument);
  EXPECT_THROW(pace{std::numeric_limits<double>::quiet_NaN()}, std::invalid_argument);
  try {
    pace negative(-2.5);
    ADD_FAILURE() << "did not throw";
  } catch (const std::invalid_argument& thrown) {
    EXPECT_NE(std::string(thrown.what()).find("per_second is -2.5"), std::string::npos);
  }
}

TEST(wait_until, a_time_in_the_past_is_no_wait) {
  EXPECT_EQ(wait_until(pace::clock::time_point::min(), {}), wait_end::due);
  std::stop_source source;
  EXPECT_EQ(wait_until(pace::clock::now(), source.get_token()), wait_end::due);
}

TEST(wait_until, returns_when_the_time_has_come) {
  const auto soon = pace::clock::now() + 2ms;
  EXPECT_EQ(wait_until(soon, {}), wait_end::due);
  EXPECT_GE(pace::clock::now(), soon);
  std::stop_source source;
  const auto later = pace::clock::now() + 2ms;
  EXPECT_EQ(wait_until(later, source.get_token()), wait_end::due);
  EXPECT_GE(pace::clock::now(), later);
}

TEST(wait_until, a_stop_ends_it) {
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  EXPECT_EQ(wait_until(pace::clock::now() + 24h, source.get_token()), wait_end::stopped);
}

TEST(wait_until, a_stop_of_before_comes_first) {
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(wait_until(pace::clock::time_point::min(), source.get_token()), wait_end::stopped);
}

}  // namespace
