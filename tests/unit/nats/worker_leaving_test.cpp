// The worker's state machine: how it leaves, told to or idle.
#include "nats/worker_machine.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "support/nats_worker_rig.hpp"

namespace worker_leaving_test {

using namespace std::chrono_literals;
using namespace parwork::nats::detail;
using parwork_test::stages;
using parwork_test::worker_rig;

class worker_that_leaves_does : public parwork_test::worker_machine_fixture {};

// --- Leaving ---

TEST_F(worker_that_leaves_does, finish_what_runs_and_give_back_the_rest_when_it_leaves) {
  const auto one = known(1);
  one->give(1, {"a", "b"});
  one->give(2, {"c"});
  one->give(3, {"d"});
  rig_.deliver();
  const auto running = rig_.machine->take();
  rig_.machine->leave(rig_.now);
  rig_.deliver();
  EXPECT_EQ(one->last<goodbye>().given_back, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_FALSE(one->last<goodbye>().is_gone);
  EXPECT_TRUE(rig_.machine->take_stops().empty()) << "what runs may finish";
  EXPECT_FALSE(rig_.machine->may_take());

  batch_outcomes outcomes(*running->batch);
  outcomes.succeeded("A");
  EXPECT_TRUE(outcomes.is_cut_short()) << "and nothing else begins";
  rig_.machine->finished(*running->batch, outcomes.answer({.thread = 1}), 1, rig_.now);
  rig_.deliver();
  EXPECT_EQ(one->last<result>().outcomes.at(1).kind, outcome_kind::not_started);
  EXPECT_FALSE(rig_.machine->has_left()) << "the result is not taken";
  one->take({1});
  rig_.deliver();
  EXPECT_TRUE(rig_.machine->has_left());
  EXPECT_TRUE(one->last<goodbye>().is_gone);
}

TEST_F(worker_that_leaves_does, give_back_a_batch_that_arrives_after_the_goodbye) {
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  const auto running = rig_.machine->take();
  rig_.machine->leave(rig_.now);
  one->give(2, {"b"});
  one->poll();
  rig_.deliver();
  EXPECT_EQ(one->last<goodbye>().given_back, (std::vector<std::uint64_t>{2}));
  EXPECT_TRUE(one->last<state>().is_leaving);
  EXPECT_EQ(one->last<state>().held, (stages{{1, batch_stage::running}}));
}

TEST_F(worker_that_leaves_does, leave_without_waiting_for_submitters_that_are_not_there) {
  const auto one = known(1, "job");
  one->give(1, {"a"});
  rig_.deliver();
  rig_.pass(10s);
  rig_.work_one();
  rig_.machine->leave(rig_.now);
  EXPECT_TRUE(rig_.machine->has_left());
}

TEST_F(worker_that_leaves_does, leave_without_what_runs_when_its_time_is_over) {
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  const auto running = rig_.machine->take();
  rig_.machine->leave(rig_.now);
  for (int i = 0; i < 29; ++i) {
    one->poll();
    rig_.pass(1s);
  }
  EXPECT_FALSE(rig_.machine->has_left());
  rig_.pass(1s);
  EXPECT_TRUE(rig_.machine->has_left());
  EXPECT_TRUE(one->last<goodbye>().is_gone);
  EXPECT_EQ(rig_.machine->take_stops().size(), 1U);
  rig_.finish(*running);
  EXPECT_EQ(one->count<result>(), 0U) << "says nothing more";
}

TEST_F(worker_that_leaves_does, leave_at_once_when_it_is_told_again) {
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  const auto running = rig_.machine->take();
  rig_.machine->leave(rig_.now);
  rig_.machine->leave_at_once(rig_.now);
  rig_.deliver();
  EXPECT_TRUE(rig_.machine->has_left());
  EXPECT_EQ(rig_.machine->take_stops().size(), 1U);
  EXPECT_TRUE(one->last<goodbye>().is_gone);
}

TEST_F(worker_that_leaves_does, leave_when_it_is_idle_for_idle_exit) {
  worker_rig rig({.idle_exit = 1min});
  const auto one = rig.submitter(1, "job");
  one->call();
  one->give(1, {"a"});
  rig.pass(59s);
  EXPECT_FALSE(rig.machine->has_left());
  rig.work_one();
  rig.pass(2min);
  EXPECT_FALSE(rig.machine->has_left()) << "it keeps a result";
  one->take({1});
  rig.deliver();
  rig.pass(59s);
  EXPECT_FALSE(rig.machine->has_left()) << "it has just become idle";
  rig.pass(1s);
  EXPECT_TRUE(rig.machine->has_left());
}

}  // namespace worker_leaving_test
