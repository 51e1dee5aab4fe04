// The worker's state machine: submitters that fall silent, come back, or begin their job again.
#include "nats/worker_machine.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "support/nats_worker_rig.hpp"

namespace worker_sessions_test {

using namespace std::chrono_literals;
using namespace parwork::nats::detail;
using parwork_test::stages;
using parwork_test::worker_rig;

class worker_with_sessions_does : public parwork_test::worker_machine_fixture {};

// --- Silence ---

TEST_F(worker_with_sessions_does, drop_batches_of_a_silent_nameless_job) {
  const auto one = known(1);
  for (std::uint64_t number = 1; number <= 2; ++number) one->give(number, {"a"});
  rig_.deliver();
  const auto running = rig_.machine->take();
  rig_.pass(9999ms);
  EXPECT_TRUE(rig_.machine->may_take());
  rig_.pass(1ms);
  EXPECT_FALSE(rig_.machine->may_take());
  EXPECT_EQ(rig_.machine->take_stops().size(), 1U) << "what runs is asked to stop";
  rig_.finish(*running);
  EXPECT_EQ(one->count<result>(), 0U);
  EXPECT_EQ(held(*one), stages{}) << "so that they are pending again";
}

TEST_F(worker_with_sessions_does, work_off_batches_of_a_silent_named_job_and_keep_their_results) {
  const auto one = known(1, "job");
  for (std::uint64_t number = 1; number <= 3; ++number) one->give(number, {"a"});
  rig_.deliver();
  const auto running = rig_.machine->take();
  rig_.pass(10s);
  EXPECT_TRUE(rig_.machine->take_stops().empty());
  rig_.finish(*running);
  EXPECT_EQ(rig_.work_one(), 2U);
  EXPECT_EQ(rig_.work_one(), 3U);
  EXPECT_EQ(one->count<result>(), 0U) << "nobody is there";
  rig_.pass(10min);
  EXPECT_EQ(held(*one).size(), 3U);
  EXPECT_EQ(one->count<result>(), 3U) << "back, and gets what was kept";
}

TEST_F(worker_with_sessions_does, count_nobody_as_silent_while_it_is_away_itself) {
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  rig_.bus().cut(*rig_.net);
  rig_.deliver();
  rig_.pass(1h);
  EXPECT_TRUE(rig_.machine->may_take());
  rig_.bus().mend(*rig_.net);
  rig_.deliver();
  rig_.pass(9s);
  EXPECT_TRUE(rig_.machine->may_take());
  rig_.pass(1s);
  EXPECT_FALSE(rig_.machine->may_take());
}

TEST_F(worker_with_sessions_does, count_silence_from_the_reconnect_on) {
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  rig_.bus().cut(*rig_.net);
  rig_.deliver();
  rig_.pass(9990ms);
  rig_.bus().mend(*rig_.net);
  rig_.deliver();
  rig_.pass(20ms);
  EXPECT_TRUE(rig_.machine->may_take()) << "its calls are on their way";
}

TEST_F(worker_with_sessions_does, count_nobody_as_silent_after_it_was_frozen_itself) {
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  rig_.now += 1min;
  rig_.machine->tick(rig_.now);
  EXPECT_TRUE(rig_.machine->may_take()) << "the calls of a minute have not been read yet";
  rig_.pass(10s);
  EXPECT_FALSE(rig_.machine->may_take());
}

TEST_F(worker_with_sessions_does, send_results_again_after_a_reconnect) {
  const auto one = known(1);
  one->give(1, {"a"});
  rig_.deliver();
  rig_.work_one();
  rig_.bus().cut(*rig_.net);
  rig_.bus().mend(*rig_.net);
  rig_.deliver();
  held(*one);
  EXPECT_EQ(one->count<result>(), 2U) << "at the next poll, be it soon after";
}

TEST_F(worker_with_sessions_does, give_up_after_the_time_that_it_was_given) {
  worker_rig rig({.give_up_after = 1min});
  rig.bus().cut(*rig.net);
  rig.deliver();
  EXPECT_EQ(rig.machine->next_deadline(), rig.now + 1min);
  rig.pass(59s);
  EXPECT_FALSE(rig.machine->has_given_up(rig.now));
  rig.pass(1s);
  EXPECT_TRUE(rig.machine->has_given_up(rig.now));
  rig.bus().mend(*rig.net);
  rig.deliver();
  EXPECT_FALSE(rig.machine->has_given_up(rig.now));
}

// --- What is kept ---

TEST_F(worker_with_sessions_does, keep_results_that_nobody_takes_for_keep_results) {
  const auto one = known(1, "job");
  one->give(1, {"a"});
  one->give(2, {"b"});
  rig_.deliver();
  rig_.work_one();
  rig_.pass(30min);
  rig_.work_one();
  rig_.pass(30min + 11s);
  EXPECT_EQ(held(*one), (stages{{2, batch_stage::kept}}));
  rig_.pass(10h);
  EXPECT_EQ(held(*one), stages{});
}

TEST_F(worker_with_sessions_does, keep_the_youngest_results_within_keep_bytes) {
  worker_rig rig({.keep_bytes = 5000});
  const auto one = rig.submitter(1, "job");
  one->call();
  for (std::uint64_t number = 1; number <= 3; ++number) one->give(number, {std::string(1000, 'a')});
  rig.deliver();
  rig.pass(10s);
  while (rig.work_one() != 0) {
  }
  rig.machine->tick(rig.now);
  one->poll();
  rig.deliver();
  EXPECT_EQ(one->last<state>().held, (stages{{2, batch_stage::kept}, {3, batch_stage::kept}}));
}

TEST_F(worker_with_sessions_does, not_bound_results_that_a_submitter_is_there_to_take) {
  worker_rig rig({.keep_bytes = 0});
  const auto one = rig.submitter(1, "job");
  one->call();
  one->give(1, {"a"});
  rig.deliver();
  rig.work_one();
  rig.machine->tick(rig.now);
  one->poll();
  rig.deliver();
  EXPECT_EQ(one->last<state>().held.size(), 1U);
}

// --- Later sessions of a job ---

TEST_F(worker_with_sessions_does, hand_over_what_it_kept_before_the_first_state) {
  const auto one = known(1, "job");
  for (std::uint64_t number = 1; number <= 3; ++number) one->give(number, {"a", "b"});
  rig_.deliver();
  rig_.work_one();
  const auto running = rig_.machine->take();
  const auto two = known(2, "job");
  ASSERT_EQ(two->heard.size(), 2U);
  const auto* first = std::get_if<kept>(&two->heard[0]);
  ASSERT_NE(first, nullptr) << "before the state";
  EXPECT_EQ(first->earlier, one->id);
  EXPECT_EQ(first->batch, 1U);
  EXPECT_EQ(first->items.at(1).item, "b");
  EXPECT_EQ(first->items.at(1).its.result, "b");
  EXPECT_TRUE(two->last<state>().held.empty());
  EXPECT_EQ(one->last<superseded>().by, two->id);
  EXPECT_FALSE(rig_.machine->may_take()) << "what was queued is dropped";

  rig_.finish(*running);
  EXPECT_EQ(two->last<kept>().batch, 2U) << "when it is done";
  EXPECT_EQ(one->count<result>(), 1U) << "the first alone";
}

TEST_F(worker_with_sessions_does, hand_over_what_is_taken_no_more) {
  const auto one = known(1, "job");
  one->give(1, {"a"});
  rig_.deliver();
  rig_.work_one();
  const auto two = known(2, "job");
  rig_.pass(1s);
  two->poll();
  rig_.deliver();
  EXPECT_EQ(two->count<kept>(), 2U) << "again at a poll";
  two->say(taken{one->id, {1}});
  rig_.deliver();
  rig_.pass(1s);
  two->poll();
  rig_.deliver();
  EXPECT_EQ(two->count<kept>(), 2U);
}

TEST_F(worker_with_sessions_does, hand_over_to_the_latest_of_several_sessions) {
  const auto one = known(1, "job");
  one->give(1, {"a"});
  rig_.deliver();
  rig_.work_one();
  const auto two = known(2, "job");
  const auto three = known(3, "job");
  EXPECT_EQ(three->count<kept>(), 1U);
  EXPECT_EQ(two->last<superseded>().by, three->id);
  rig_.pass(1s);
  three->poll();
  rig_.deliver();
  EXPECT_EQ(three->count<kept>(), 2U);
}

TEST_F(worker_with_sessions_does, tell_who_was_superseded_each_time_it_speaks) {
  const auto one = known(1, "job");
  const auto two = known(2, "job");
  one->clear();
  two->clear();
  one->call();
  one->poll();
  one->give(1, {"a"});
  rig_.deliver();
  EXPECT_EQ(one->count<superseded>(), 3U);
  EXPECT_EQ(one->count<state>(), 0U);
  EXPECT_EQ(two->count<superseded>(), 0U) << "it stays so";
  EXPECT_FALSE(rig_.machine->may_take());
}

TEST_F(worker_with_sessions_does, remember_who_was_superseded_after_all_of_it_is_gone) {
  const auto one = known(1, "job");
  rig_.pass(1h);  // nothing of it is left
  const auto two = known(2, "job");
  one->call();
  rig_.deliver();
  EXPECT_EQ(one->last<superseded>().by, two->id);
  EXPECT_EQ(two->count<superseded>(), 0U);
}

TEST_F(worker_with_sessions_does, let_a_superseded_session_neither_cancel_nor_forget) {
  const auto one = known(1, "job");
  one->give(1, {"a"});
  rig_.deliver();
  const auto running = rig_.machine->take();
  const auto two = known(2, "job");
  one->say(cancel{one->id, {}});
  one->say(farewell{one->id});
  rig_.deliver();
  EXPECT_TRUE(rig_.machine->take_stops().empty());
  rig_.finish(*running);
  EXPECT_EQ(two->count<kept>(), 1U);
}

TEST_F(worker_with_sessions_does, keep_what_is_running_for_an_heir_that_fell_silent) {
  const auto one = known(1, "job");
  one->give(1, {"a"});
  rig_.deliver();
  const auto running = rig_.machine->take();
  const auto two = known(2, "job");
  rig_.pass(10s);
  rig_.finish(*running);
  EXPECT_EQ(two->count<kept>(), 0U);
  two->poll();
  rig_.deliver();
  EXPECT_EQ(two->count<kept>(), 1U);
}

// --- Sessions that began earlier ---

TEST_F(worker_with_sessions_does, not_let_an_earlier_session_supersede_one_that_speaks) {
  const auto two = known(2, "job");
  two->give(1, {"a"});
  const auto one = known(1, "job");
  EXPECT_EQ(one->last<state>().fits, fitness::undecided);
  EXPECT_EQ(two->count<superseded>(), 0U);
  EXPECT_EQ(one->count<superseded>(), 0U) << "the other may be gone";
  two->poll();
  rig_.deliver();
  EXPECT_EQ(one->last<superseded>().by, two->id) << "it is not";
  EXPECT_EQ(two->count<superseded>(), 0U);
  EXPECT_TRUE(rig_.machine->may_take());
  rig_.pass(1min);
  one->call();
  rig_.deliver();
  EXPECT_EQ(one->count<superseded>(), 2U) << "for good";
}

TEST_F(worker_with_sessions_does, let_a_session_whose_clock_is_behind_follow_one_that_is_dead) {
  const auto dead = known(9, "job");
  dead->give(1, {"a"});
  rig_.deliver();
  rig_.work_one();
  const auto one = known(1, "job");
  rig_.pass(1999ms);
  one->call();
  rig_.deliver();
  EXPECT_EQ(one->count<kept>(), 0U);
  rig_.pass(1ms);
  one->call();
  rig_.deliver();
  EXPECT_EQ(one->last<kept>().batch, 1U);
  EXPECT_EQ(one->last<state>().fits, fitness::serves);
  EXPECT_EQ(one->last<state>().after, 9U);
  EXPECT_EQ(dead->last<superseded>().by, one->id) << "should it be frozen";
}

TEST_F(worker_with_sessions_does, let_an_earlier_session_follow_at_once_where_the_later_is_gone) {
  const auto silent = known(9, "job");
  rig_.pass(10s);
  EXPECT_EQ(known(1, "job")->last<state>().after, 9U);
  const auto finished = known(8, "job");
  finished->say(farewell{finished->id});
  EXPECT_EQ(known(2, "job")->last<state>().fits, fitness::serves);
}

TEST_F(worker_with_sessions_does, believe_a_session_of_long_heartbeats_for_two_of_them) {
  const auto slow = rig_.submitter(9, "job");
  call its = slow->usual_call();
  its.heartbeat = 4s;
  slow->say_call(its);
  rig_.deliver();
  rig_.pass(7999ms);
  const auto one = known(1, "job");
  EXPECT_EQ(one->last<state>().fits, fitness::undecided);
  rig_.pass(1ms);
  one->call();
  rig_.deliver();
  EXPECT_EQ(one->last<state>().fits, fitness::serves);
}

TEST_F(worker_with_sessions_does, take_a_session_for_as_late_as_it_has_come_to_know) {
  const auto one = known(1, "job");
  one->began = 10;  // it has followed one that began at 9
  one->call();
  const auto nine = known(9, "job");
  EXPECT_EQ(nine->last<state>().fits, fitness::undecided);
  one->call();
  rig_.deliver();
  EXPECT_EQ(nine->last<superseded>().by, one->id);
}

TEST_F(worker_with_sessions_does, not_count_its_own_stall_as_a_sessions_silence) {
  const auto two = known(2, "job");
  rig_.now += 1min;  // it was frozen, and this comes first
  const auto one = known(1, "job");
  EXPECT_EQ(one->last<state>().fits, fitness::undecided);
}

TEST_F(worker_with_sessions_does, decide_by_anything_between_sessions_that_began_together) {
  const auto two = rig_.submitter(2, "job"), one = rig_.submitter(1, "job");
  two->began = one->began = 5;
  two->call();
  one->call();
  two->call();
  rig_.deliver();
  EXPECT_EQ(one->count<superseded>(), 1U);
  EXPECT_EQ(two->count<superseded>(), 0U);
}

TEST_F(worker_with_sessions_does, leave_jobs_of_other_names_and_works_alone) {
  const auto one = known(1, "job");
  one->give(1, {"a"});
  rig_.deliver();
  const auto two = known(2, "another");
  EXPECT_EQ(one->count<superseded>(), 0U);
  EXPECT_TRUE(rig_.machine->may_take());
}

}  // namespace worker_sessions_test
