// What a submitter does with messages: of an earlier session, of a later one, damaged, in parts.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "parwork/nats_errors.hpp"
#include "support/nats_submitter_stage.hpp"

namespace {

using namespace std::chrono_literals;
namespace nd = parwork::nats::detail;
using parwork::failure_kind;
using parwork_test::acting_worker;
using parwork_test::submitter_stage;
using event_kind = parwork::nats::event::kind;

TEST(submitter_jobs, a_superseded_one_ends_and_leaves_everything_to_the_later) {
  submitter_stage stage({.job = "j"});
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.pass(1s);
  ASSERT_EQ(one.items(), 1U);
  one.start_all();
  one.say(nd::superseded{{9, 9}});
  stage.settle();
  EXPECT_NE(stage.books.error_text<parwork::nats::job_busy>().find("\"j\""), std::string::npos);
  one.finish_all();
  stage.beat(3);
  EXPECT_TRUE(one.taken.empty());
  EXPECT_TRUE(one.cancelled.empty());
  stage.machine.say_farewell();
  stage.bus.deliver_all();
  EXPECT_EQ(one.farewells, 0U);
}

TEST(submitter_jobs, one_that_follows_a_session_with_a_clock_ahead_says_so_at_once) {
  submitter_stage stage({.began = 100, .job = "j"});
  acting_worker one(stage);
  stage.settle();
  EXPECT_EQ(one.began, 100U);
  one.after = 99;
  stage.beat();
  EXPECT_EQ(one.began, 100U);
  one.after = 500;
  stage.beat();
  stage.pass(50ms);
  EXPECT_EQ(one.began, 501U);
  one.after = std::numeric_limits<std::uint64_t>::max();
  stage.beat(2);
  EXPECT_EQ(one.began, 501U) << "nothing is later";
}

TEST(submitter_jobs, whoever_asks_hears_how_it_goes) {
  submitter_stage stage({.job = "j"});
  stage.machine.asked_how_it_goes("status");
  EXPECT_EQ(stage.bus.sent("status"), 1U);
}

// Results of an earlier session.
void say_kept(acting_worker& one, std::uint64_t batch, const std::vector<std::string>& items) {
  nd::kept what{.earlier = {3, 3}, .batch = batch, .items = {}};
  std::vector<std::string> results;
  for (const std::string& item : items) results.push_back("kept " + item);
  for (std::size_t i = 0; i < items.size(); ++i) {
    what.items.push_back({.item = items[i], .its = {.result = results[i]}});
  }
  one.say(what);
}

TEST(submitter_jobs, what_was_kept_is_used_once_by_items_of_the_same_bytes) {
  submitter_stage stage({.job = "j"});
  acting_worker one(stage);
  say_kept(one, 5, {"a", "b", "a"});
  stage.settle();
  stage.submit({"a", "x", "b", "a", "a"});  // later than it came
  stage.settle();
  EXPECT_EQ(stage.books.ends.at(0).result, "kept a");
  EXPECT_EQ(stage.books.ends.at(2).result, "kept b");
  EXPECT_EQ(stage.books.ends.at(3).result, "kept a");
  EXPECT_EQ(stage.books.ends.size(), 3U);
  ASSERT_EQ(one.taken.size(), 1U);
  EXPECT_EQ(one.taken[0], std::pair(nd::session_id{3, 3}, std::uint64_t{5}));
  stage.pass(1s);
  one.work_off();
  EXPECT_EQ(stage.books.ends.at(1).result, "=x");
  EXPECT_EQ(stage.books.ends.at(4).result, "=a") << "each is used once";
}

TEST(submitter_jobs, what_was_kept_is_for_pending_items_too) {
  submitter_stage stage({.job = "j"});
  stage.submit({"a", "b", "c"});
  stage.settle();
  acting_worker one(stage);
  say_kept(one, 1, {"b"});
  stage.pass(1s);
  EXPECT_EQ(stage.books.ends.at(1).result, "kept b");
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 3U);
  EXPECT_EQ(stage.books.finished_spans, 1U);
}

TEST(submitter_jobs, what_nobody_asks_for_is_let_go_when_it_comes_again_or_the_run_ends) {
  submitter_stage stage({.job = "j"});
  acting_worker one(stage);
  say_kept(one, 1, {"a"});
  stage.settle();
  EXPECT_TRUE(one.taken.empty()) << "a second death loses nothing";
  say_kept(one, 1, {"a"});
  stage.settle();
  EXPECT_EQ(one.taken.size(), 1U);
  stage.submit({"a"});
  stage.settle();
  EXPECT_EQ(stage.books.ends.at(0).result, "kept a") << "it is used nevertheless";
  say_kept(one, 2, {"b"});
  stage.settle();
  stage.machine.run_ends();
  stage.settle();
  EXPECT_EQ(one.taken.size(), 2U);
}

TEST(submitter_jobs, one_without_a_name_has_nothing_to_come_back_to) {
  submitter_stage stage;
  acting_worker one(stage);
  say_kept(one, 1, {"a"});
  stage.settle();
  EXPECT_EQ(one.taken.size(), 1U);
  stage.submit({"a"});
  stage.settle();
  EXPECT_TRUE(stage.books.ends.empty());
}

TEST(submitter_jobs, says_farewell_to_its_workers) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.pass(100ms);
  stage.machine.say_farewell();
  stage.bus.deliver_all();
  EXPECT_EQ(one.farewells, 1U);
}

TEST(submitter_messages, what_is_none_is_dropped_and_counted) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  stage.machine.heard(one.id, "", stage.now);
  stage.machine.heard(one.id, std::string(100, 'x'), stage.now);
  one.say(nd::farewell{});
  one.say(nd::state{.worker = {8, 8}});  // another's
  one.say(nd::part{.session = {8, 8}, .of = 1, .index = 0, .count = 2});
  stage.settle();
  EXPECT_EQ(stage.machine.damaged(), 5U);
  one.say(nd::result{.batch = 77});  // none of its batches
  one.say(nd::goodbye{.given_back = {77}});
  one.say(nd::started{77});
  stage.settle();
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U);
}

TEST(submitter_messages, another_workers_result_is_not_taken) {
  submitter_stage stage;
  acting_worker one(stage, 1, 1);
  stage.submit_singly(1);
  stage.settle();
  acting_worker other(stage, 1, 2);
  nd::result forged{.batch = one.first_batch(), .thread = 1};
  forged.outcomes.push_back({.result = "forged"});
  other.say(forged);
  stage.settle();
  EXPECT_TRUE(stage.books.ends.empty());
  one.work_off();
  EXPECT_EQ(stage.books.ends.at(0).result, "=item 0");
}

TEST(submitter_messages, a_wrong_number_of_results_is_a_failure_that_says_so) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  one.say(nd::result{.batch = one.first_batch(), .thread = 1});
  stage.settle();
  ASSERT_EQ(stage.books.failed_by(failure_kind::error), 1U);
  EXPECT_NE(stage.books.ends.at(0).message.find("number of results"), std::string::npos);
}

TEST(submitter_messages, failures_come_back_with_kind_and_message) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  nd::result what{.batch = one.first_batch(), .thread = 1};
  what.outcomes.push_back(
      {.kind = nd::outcome_kind::failed, .why = failure_kind::timeout, .message = "too slow"});
  one.say(what);
  stage.settle();
  ASSERT_EQ(stage.books.failed_by(failure_kind::timeout), 1U);
  EXPECT_EQ(stage.books.ends.at(0).message, "too slow");
  EXPECT_EQ(stage.machine.status().failed, 1U);
}

TEST(submitter_messages, a_large_item_goes_in_parts_and_is_not_taken_for_lost_meanwhile) {
  submitter_stage stage;
  stage.bus.set_max_payload(8192);
  acting_worker one(stage);
  stage.pass(100ms);
  stage.submit({std::string(100'000, 'x')});
  stage.machine.settle(stage.now);
  stage.bus.deliver_one();
  stage.machine.tick(stage.now += stage.settings.heartbeat);  // a poll overtakes the parts
  stage.settle();
  stage.beat(2);
  EXPECT_EQ(one.in_parts.size(), 1U);
  EXPECT_EQ(stage.machine.status().held, 1U);
  EXPECT_EQ(stage.events_of(event_kind::worker_lost), 0U);
}

TEST(submitter_messages, a_large_result_is_put_together_and_each_part_acknowledged) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  std::string frame;
  const std::string text(100'000, 'r');
  nd::result what{.batch = one.first_batch(), .thread = 1};
  what.outcomes.push_back({.result = text});
  nd::encode(what, frame);
  const std::size_t size = 1000;
  const auto count = static_cast<std::uint32_t>((frame.size() + size - 1) / size);
  for (std::uint32_t i = count; i-- > 0;) {
    one.say(nd::part{.session = stage.settings.session,
                     .of = 1,
                     .index = i,
                     .count = count,
                     .bytes = std::string_view(frame).substr(i * size, size)});
  }
  stage.settle();
  EXPECT_EQ(stage.books.ends.at(0).result, text);
  EXPECT_EQ(one.parts_got, count);
}

TEST(submitter_recording, executions_are_told_by_consecutive_items_with_their_share_of_time) {
  submitter_stage stage;
  stage.is_recorded = true;
  acting_worker one(stage);
  stage.pass(100ms);
  for (int i = 0; i < 10; ++i) stage.submit({"a", "b"});
  for (int i = 0; i < 10; ++i) {
    stage.settle();
    one.finish_all(1ms);
  }
  std::uint64_t next = 0;
  for (const auto& some : stage.executions) {
    EXPECT_EQ(some.first, next);
    next = some.first + some.count;
  }
  EXPECT_EQ(next, 20U);
}

}  // namespace
