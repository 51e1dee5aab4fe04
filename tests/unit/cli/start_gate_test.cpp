#include "jobs/start_gate.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace {

using cli::start_gate;
using namespace std::chrono_literals;

TEST(start_gate, is_open_where_nothing_was_asked_for) {
  start_gate gate(0ns);
  EXPECT_TRUE(gate.is_open());
  gate.begin();
  EXPECT_TRUE(gate.is_open());  // others may start at the same time
  gate.end();
  EXPECT_EQ(gate.opens(), start_gate::clock::time_point::min());
}

TEST(start_gate, stays_shut_for_the_delay_behind_the_end_of_a_start) {
  start_gate gate(1h);
  EXPECT_TRUE(gate.is_open());
  gate.begin();
  EXPECT_FALSE(gate.is_open());
  EXPECT_FALSE(gate.opens());  // who starts it says when
  const auto before = start_gate::clock::now();
  gate.end();
  EXPECT_FALSE(gate.is_open());
  ASSERT_TRUE(gate.opens());
  EXPECT_GE(*gate.opens(), before + 1h);
}

TEST(start_gate, counts_no_start_that_came_to_nothing) {
  start_gate gate(1h);
  gate.begin();
  gate.undo();
  EXPECT_TRUE(gate.is_open());
}

TEST(start_gate, is_shut_while_the_run_is_held) {
  start_gate gate(0ns);
  gate.hold();
  EXPECT_FALSE(gate.is_open());
  EXPECT_FALSE(gate.opens());
  gate.go_on();
  EXPECT_TRUE(gate.is_open());
}

TEST(start_gate, lets_as_many_through_as_are_allowed) {
  start_gate gate(0ns);
  gate.allow(1);
  EXPECT_TRUE(gate.is_open());
  gate.begin();
  EXPECT_FALSE(gate.is_open());
  EXPECT_FALSE(gate.opens());
  gate.undo();
  EXPECT_TRUE(gate.is_open());
  gate.begin();
  gate.end();
  EXPECT_FALSE(gate.is_open());
  gate.allow(start_gate::unlimited);
  gate.begin();
  EXPECT_TRUE(gate.is_open());
}

}  // namespace
