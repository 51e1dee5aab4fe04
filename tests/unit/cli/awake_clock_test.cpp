// The clock that leaves out the time during which the tool was stopped.
#include "support/awake_clock.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using cli::awake_clock;

void pass(std::chrono::nanoseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

TEST(awake_clock, goes_with_the_steady_one) {
  const auto before = awake_clock::now();
  pass(2ms);
  EXPECT_GE(awake_clock::now() - before, 2ms);
}

TEST(awake_clock, is_still_while_the_process_is_stopped) {
  awake_clock::stand_still();
  const auto still = awake_clock::now();
  pass(2ms);
  EXPECT_EQ(awake_clock::now(), still);
  awake_clock::go_on();
}

TEST(awake_clock, leaves_out_every_stop) {
  const auto real = std::chrono::steady_clock::now();
  const auto before = awake_clock::now();
  for (int i = 0; i < 3; ++i) {
    awake_clock::stand_still();
    pass(2ms);
    awake_clock::go_on();
    pass(1ms);
  }
  const auto passed = awake_clock::now() - before;
  EXPECT_GE(passed, 3ms);
  EXPECT_LE(passed, std::chrono::steady_clock::now() - real - 6ms);
}

}  // namespace
