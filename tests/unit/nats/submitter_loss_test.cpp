// What becomes of items whose worker, message or connection is lost.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/nats_submitter_stage.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::failure_kind;
using parwork::nats::detail::care;
using parwork_test::acting_worker;
using parwork_test::submitter_stage;
using event_kind = parwork::nats::event::kind;

// So that it holds several items a batch.
void give_long_batches(submitter_stage& stage, acting_worker& to) {
  stage.submit_together(200);
  for (int i = 0; i < 5; ++i) {
    stage.settle();
    to.finish_all(1us);
  }
  stage.settle();
}

TEST(submitter_loss, a_killed_worker_is_lost_at_the_second_poll_that_nobody_hears) {
  submitter_stage stage;
  acting_worker first(stage, 1, 1);
  stage.submit_singly(1);
  stage.settle();
  ASSERT_EQ(first.items(), 1U);
  acting_worker second(stage, 1, 2);
  stage.pass(100ms);
  first.die();
  stage.pass(3 * stage.settings.heartbeat);
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 1U);
  EXPECT_EQ(second.items(), 1U) << "begun again within 3 heartbeats";
  second.work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U);
  EXPECT_EQ(stage.machine.workers(stage.now).size(), 1U);
}

TEST(submitter_loss, a_frozen_worker_is_lost_when_lost_after_is_full_of_unanswered_polls) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  stage.beat();
  stage.bus.freeze(one.link);
  stage.beat(9);
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 0U);
  stage.beat(2);
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 1U);
}

TEST(submitter_loss, a_frozen_submitter_blames_nobody) {
  submitter_stage stage({.lost_after = 1s});
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  stage.beat();
  for (int i = 0; i < 5; ++i) {
    stage.now += stage.settings.heartbeat;
    stage.machine.tick(stage.now);  // asks, and is frozen before the answer
    stage.now += 1h;
    stage.machine.tick(stage.now);
    EXPECT_EQ(stage.events_of(event_kind::worker_lost), 0U);
    stage.settle();
    stage.beat();
  }
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 0U);
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U);
}

TEST(submitter_loss, a_poll_between_two_heartbeats_has_its_time) {
  submitter_stage stage({.lost_after = 1s});
  stage.machine.tick(stage.now);
  stage.now += 990ms;
  acting_worker one(stage);
  stage.bus.deliver_all();  // its `here`
  stage.machine.settle(stage.now);
  while (stage.machine.workers(stage.now).empty()) ASSERT_TRUE(stage.bus.deliver_one());
  stage.bus.freeze(one.link);  // before the first poll
  stage.now += 10ms;
  stage.machine.tick(stage.now);  // the first poll, if unanswered, is 10 ms old
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 0U);
}

TEST(submitter_loss, after_a_reconnect_of_its_own_polls_count_anew_and_nobodys_up_to_five) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  stage.beat();
  stage.bus.freeze(one.link);
  stage.beat(8);
  stage.bus.cut(stage.link);
  stage.settle();
  stage.beat(20);  // nobody is asked meanwhile
  stage.bus.mend(stage.link);
  stage.settle();
  stage.beat(8);
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 0U);
  EXPECT_EQ(stage.events_of(event_kind::disconnected), 1U);
  EXPECT_EQ(stage.events_of(event_kind::reconnected), 1U);

  stage.bus.thaw(one.link);
  stage.settle();
  stage.bus.cut(stage.link);
  stage.settle();
  stage.bus.cut(one.link);  // it comes back later than this submitter
  stage.bus.mend(stage.link);
  stage.settle();
  stage.beat(3);
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 0U) << "four polls had nobody";
  stage.beat();
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 1U);
}

TEST(submitter_loss, a_batch_that_did_not_arrive_goes_again_and_is_not_counted) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.pass(100ms);
  bool loses = true;
  stage.bus.decide([&](const parwork_test::fake_message& what) {
    const auto got = parwork::nats::detail::decode(what.bytes);
    const bool is_batch =
        got.what && std::holds_alternative<parwork::nats::detail::batch>(*got.what);
    return is_batch && loses ? parwork_test::fake_fate::is_lost : parwork_test::fake_fate::arrives;
  });
  stage.submit_singly(1);
  stage.settle();
  EXPECT_TRUE(one.batches.empty());
  stage.beat(4);
  loses = false;
  stage.beat(2);
  ASSERT_EQ(one.batches.size(), 1U);
  EXPECT_EQ(one.batches.begin()->second.how, care::none);
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U);
}

TEST(submitter_loss, an_answer_to_an_earlier_poll_says_nothing_about_a_batch) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.pass(100ms);
  stage.now += stage.settings.heartbeat;
  stage.machine.tick(stage.now);  // the poll is on its way
  stage.submit_singly(1);
  stage.machine.settle(stage.now);  // and so is the batch, behind it
  for (int i = 0; i < 2; ++i) stage.bus.deliver_one();
  stage.settle();
  ASSERT_EQ(one.batches.size(), 1U);
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U);
}

TEST(submitter_loss, a_lost_result_is_sent_again_and_taken_once) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  const std::uint64_t batch = one.first_batch();
  one.finish(batch);
  stage.bus.lose_all();
  stage.settle();
  EXPECT_EQ(stage.books.ends.size(), 0U);
  one.finish(batch);
  stage.beat();
  EXPECT_EQ(stage.books.succeeded(), 1U);
  EXPECT_TRUE(one.batches.empty());
}

TEST(submitter_loss, lost_items_go_on_one_by_one_and_careful) {
  submitter_stage stage;
  acting_worker first(stage, 1, 1);
  give_long_batches(stage, first);
  const std::size_t lost = first.items();
  ASSERT_GT(lost, first.batches.size());
  first.die();
  stage.beat(3);
  acting_worker second(stage, 1, 2);
  stage.pass(100ms);
  for (std::size_t i = 0; i < lost; ++i) {
    ASSERT_EQ(second.batches.size(), 1U) << "to a free thread";
    EXPECT_EQ(second.batches.begin()->second.how, care::careful);
    EXPECT_EQ(second.items(), 1U);
    second.finish_all();
    stage.settle();
  }
  second.work_off(1ms);
  EXPECT_EQ(stage.books.succeeded(), stage.submitted);
}

TEST(submitter_loss, suspects_go_before_others) {
  submitter_stage stage;
  acting_worker first(stage, 1, 1);
  stage.submit_singly(1);
  stage.settle();
  acting_worker second(stage, 1, 2);
  stage.submit_singly(10);
  stage.settle();
  first.die();
  stage.beat(3);
  second.finish_all(1ms);
  stage.settle();
  ASSERT_FALSE(second.batches.empty());
  EXPECT_EQ(second.batches.begin()->second.items[0].index, 0U);
  second.work_off(1ms);
  EXPECT_EQ(stage.books.succeeded(), 11U);
}

// Kills workers as long as they get the item, and says how often.
unsigned kill_until_it_ends(submitter_stage& stage, bool are_started) {
  unsigned killed = 0;
  for (std::uint64_t number = 1; number < 20; ++number) {
    acting_worker one(stage, 1, number);
    stage.pass(100ms);
    if (one.batches.empty()) break;
    if (are_started) one.start_all();
    stage.settle();
    one.die();
    ++killed;
    stage.beat(3);
    if (stage.books.ends.size() == 1) break;
  }
  return killed;
}

TEST(submitter_loss, an_item_that_kills_its_workers_is_abandoned_and_says_why) {
  submitter_stage stage;
  stage.submit({"poison"});
  EXPECT_EQ(kill_until_it_ends(stage, true), 3U);
  ASSERT_EQ(stage.books.failed_by(failure_kind::abandoned), 1U);
  EXPECT_NE(stage.books.ends.at(0).message.find("3 executions"), std::string::npos);
  EXPECT_NE(stage.books.ends.at(0).message.find("host (pid 17)"), std::string::npos);
}

TEST(submitter_loss, max_attempts_beyond_three_are_executions_alone) {
  submitter_stage stage({.max_attempts = 5});
  stage.submit({"poison"});
  EXPECT_EQ(kill_until_it_ends(stage, true), 5U);
  EXPECT_EQ(stage.books.failed_by(failure_kind::abandoned), 1U);
}

TEST(submitter_loss, one_attempt_is_not_enough_to_tell_the_culprit) {
  submitter_stage stage({.max_attempts = 1});
  stage.submit({"poison"});
  EXPECT_EQ(kill_until_it_ends(stage, true), 3U);
}

TEST(submitter_loss, careful_items_lost_before_they_were_started_are_not_counted) {
  submitter_stage stage;
  stage.submit({"unlucky"});
  EXPECT_EQ(kill_until_it_ends(stage, false), 19U);
  EXPECT_TRUE(stage.books.ends.empty());
  acting_worker last(stage, 1, 50);
  stage.pass(100ms);
  last.work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U);
}

TEST(submitter_loss, a_poison_item_takes_no_neighbour_with_it) {
  submitter_stage stage;
  std::vector<std::string> items(30, "good");
  items[3] = "poison";
  items[17] = "poison";
  stage.submit(items);
  std::vector<std::unique_ptr<acting_worker>> all;
  for (std::uint64_t number = 1; number < 20 && stage.books.ends.size() < 30; ++number) {
    all.push_back(std::make_unique<acting_worker>(stage, 2, number));
    acting_worker& one = *all.back();
    stage.pass(100ms);
    bool is_dead = false;
    while (!is_dead && one.has_work()) {
      one.start_all();
      stage.settle();
      // Two at once; it dies in the midst of them.
      for (const auto& [batch, held] : one.batches) {
        for (const auto& item : held.items) is_dead = is_dead || item.bytes == "poison";
      }
      if (!is_dead) one.finish_all(1ms);
      stage.settle();
    }
    if (is_dead) one.die();
    stage.beat(3);
  }
  EXPECT_EQ(stage.books.succeeded(), 28U);
  EXPECT_EQ(stage.books.failed_by(failure_kind::abandoned), 2U);
  EXPECT_FALSE(stage.books.ends.at(3).result || stage.books.ends.at(17).result);
}

TEST(submitter_loss, an_item_alone_has_its_worker_to_itself) {
  submitter_stage stage;
  stage.submit({"suspect"});
  for (std::uint64_t number = 1; number <= 2; ++number) {
    acting_worker one(stage, 1, number);
    stage.pass(100ms);
    one.start_all();
    stage.settle();
    one.die();
    stage.beat(3);
  }
  acting_worker last(stage, 4, 3);
  stage.submit_singly(8);
  stage.pass(100ms);
  ASSERT_EQ(last.batches.size(), 1U);
  EXPECT_EQ(last.batches.begin()->second.how, care::alone);
  last.work_off(1ms);
  EXPECT_EQ(stage.books.succeeded(), 9U);
}

TEST(submitter_loss, goodbyes_are_not_counted_and_nobody_waits) {
  submitter_stage stage({.max_attempts = 1});
  stage.submit({"much travelled"});
  for (std::uint64_t number = 1; number < 10; ++number) {
    acting_worker one(stage, 1, number);
    stage.pass(100ms);
    ASSERT_EQ(one.batches.size(), 1U);
    EXPECT_EQ(one.batches.begin()->second.how, care::none);
    if (number % 2 == 0) one.start_all();  // what runs comes back when it is gone
    one.say_goodbye(false);
    stage.settle();
    EXPECT_EQ(stage.machine.status().pending, number % 2 == 0 ? 0U : 1U);
    one.say_goodbye(true);
    stage.settle();
    EXPECT_EQ(stage.machine.status().pending, 1U);
    one.link.close();
  }
  EXPECT_EQ(stage.events_of(event_kind::worker_left), 9U);
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 0U);
}

TEST(submitter_loss, a_leaving_worker_gets_nothing_more_and_its_results_are_taken) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(2);
  stage.settle();
  one.start_all();
  one.say_goodbye(false);
  stage.settle();
  one.work_off();
  stage.beat(2);
  EXPECT_TRUE(one.batches.empty());
  EXPECT_EQ(stage.books.succeeded(), 1U);
  EXPECT_EQ(stage.machine.status().pending, 1U);
  one.say_goodbye(true);
  one.link.close();
  stage.settle();
  acting_worker other(stage, 1, 2);
  stage.pass(100ms);
  other.work_off();
  EXPECT_EQ(stage.books.succeeded(), 2U);
}

TEST(submitter_loss, a_frozen_worker_that_wakes_is_back_and_its_result_counts_if_it_is_first) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(2);
  stage.settle();
  one.start_all();
  stage.bus.freeze(one.link);
  stage.beat(12);
  ASSERT_EQ(stage.events_of(event_kind::worker_lost), 1U);
  const std::uint64_t batch = one.first_batch();
  one.finish(batch);  // what it was at when it froze
  stage.settle();
  EXPECT_EQ(stage.books.succeeded(), 1U);
  stage.bus.thaw(one.link);
  stage.pass(100ms);
  stage.beat(2);
  EXPECT_EQ(stage.machine.workers(stage.now).size(), 1U);
  EXPECT_FALSE(one.taken.empty());
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 2U);
}

// An item that the first of two workers is frozen with: it has gone on at the second.
class submitter_item_at_two : public testing::Test {
 protected:
  submitter_item_at_two() {
    stage.submit_singly(1);
    stage.settle();
    frozen.start_all();
    other.emplace(stage, 1, 2);
    stage.pass(100ms);
    stage.bus.freeze(frozen.link);
    stage.beat(12);
    EXPECT_EQ(other->items(), 1U);
  }

  submitter_stage stage;
  acting_worker frozen{stage, 1, 1};
  std::optional<acting_worker> other = std::nullopt;
};

TEST_F(submitter_item_at_two, a_result_that_comes_second_is_acknowledged_and_dropped) {
  other->work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U);
  stage.bus.thaw(frozen.link);
  frozen.finish_all();
  stage.beat(2);
  EXPECT_TRUE(frozen.batches.empty()) << "it was acknowledged";
  EXPECT_EQ(stage.books.ends.size(), 1U);
}

TEST_F(submitter_item_at_two, the_second_execution_is_cancelled_when_the_first_has_come) {
  frozen.finish_all();
  stage.settle();
  EXPECT_EQ(stage.books.succeeded(), 1U);
  EXPECT_EQ(other->cancelled.size(), 1U);
  EXPECT_TRUE(other->batches.empty());
  EXPECT_EQ(stage.books.finished_spans, 1U);
}

TEST_F(submitter_item_at_two, the_second_result_of_an_item_that_went_on_elsewhere_is_dropped) {
  other->start_all();
  frozen.finish_all();
  stage.settle();
  EXPECT_EQ(stage.books.succeeded(), 1U);
  other->finish_all();  // it did not stop
  stage.settle();
  EXPECT_TRUE(other->batches.empty());
  EXPECT_EQ(stage.books.finished_spans, 1U);
}

TEST(submitter_loss, what_a_woken_worker_still_has_to_begin_is_cancelled) {
  submitter_stage stage;
  acting_worker one(stage, 2);
  stage.submit_singly(2);
  stage.settle();
  one.start(one.first_batch());
  stage.bus.freeze(one.link);
  stage.beat(12);
  acting_worker other(stage, 2, 2);
  stage.pass(100ms);
  ASSERT_EQ(other.items(), 2U);
  const std::uint64_t queued = one.first_batch() + 1;
  stage.bus.thaw(one.link);
  stage.pass(100ms);
  ASSERT_FALSE(one.cancelled.empty());
  for (const std::uint64_t batch : one.cancelled) EXPECT_EQ(batch, queued);
}

TEST(submitter_loss, late_answers_to_polls_from_before_a_loss_say_nothing) {
  submitter_stage stage({.lost_after = 2s});
  acting_worker one(stage);
  stage.settle();
  stage.beat(6);
  stage.bus.freeze(one.link);
  stage.beat(3);
  ASSERT_EQ(stage.events_of(event_kind::worker_lost), 1U);
  stage.bus.thaw(one.link);
  stage.submit_singly(1);
  stage.settle();  // it answers the old polls first
  stage.beat();
  ASSERT_EQ(one.batches.size(), 1U);
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U);
}

TEST(submitter_loss, the_run_goes_on_when_the_server_is_back) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(5);
  stage.settle();
  stage.bus.cut_all();
  stage.settle();
  stage.beat(30);
  one.finish_all();
  stage.bus.mend_all(parwork_test::fake_buffer::is_lost);
  stage.settle();
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 0U);
  stage.beat();
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 5U);
}

}  // namespace
