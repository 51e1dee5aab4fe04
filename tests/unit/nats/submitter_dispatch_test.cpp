// Who gets how much of what is pending.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "support/nats_submitter_stage.hpp"

namespace {

using namespace std::chrono_literals;
using parwork_test::acting_worker;
using parwork_test::submitter_stage;

TEST(submitter_dispatch, calls_workers_each_heartbeat_and_at_once_when_one_comes) {
  submitter_stage stage;
  stage.machine.tick(stage.now);
  acting_worker one(stage);
  stage.pass(100ms);
  EXPECT_GE(one.calls, 1U);
  EXPECT_GE(one.polls, 1U);
  const std::size_t before = one.calls;
  stage.beat(3);
  EXPECT_EQ(one.calls, before + 3);
  EXPECT_EQ(stage.events_of(parwork::nats::event::kind::worker_joined), 1U);
  ASSERT_EQ(stage.machine.workers(stage.now).size(), 1U);
  EXPECT_EQ(stage.machine.workers(stage.now)[0].host, "host");
}

TEST(submitter_dispatch, many_workers_that_come_at_once_are_called_together) {
  submitter_stage stage;
  stage.machine.tick(stage.now);
  std::vector<std::unique_ptr<acting_worker>> all;
  for (unsigned i = 1; i <= 10; ++i) all.push_back(std::make_unique<acting_worker>(stage, 1, i));
  stage.pass(100ms);
  EXPECT_LE(all[0]->calls, 2U);
  EXPECT_EQ(stage.machine.workers(stage.now).size(), 10U);
}

TEST(submitter_dispatch, a_worker_gets_nothing_before_its_first_state) {
  submitter_stage stage;
  stage.submit_singly(3);
  acting_worker one(stage, 2);
  stage.link.publish(stage.names.to_worker(one.id), "");  // what is no message harms nobody
  stage.bus.lose_all();                                   // its `here` is lost
  stage.machine.settle(stage.now);
  EXPECT_TRUE(one.batches.empty());
  stage.beat();
  EXPECT_EQ(one.batches.size(), 2U);
}

TEST(submitter_dispatch, gives_out_a_batch_for_each_thread_until_items_are_known_to_be_short) {
  submitter_stage stage;
  acting_worker one(stage, 3);
  stage.submit_singly(40);
  stage.settle();
  EXPECT_EQ(one.sizes(), (std::vector<std::size_t>{1, 1, 1}));
  one.finish(one.first_batch(), 200ms);
  stage.settle();
  EXPECT_EQ(one.batches.size(), 3U) << "items of 200 ms do not wait at a worker";
  one.finish(one.first_batch(), 1ms);  // the mean is 140 ms
  one.finish(one.first_batch() + 1, 1ms);
  stage.settle();
  one.finish_all(1ms);
  stage.settle();
  EXPECT_EQ(one.batches.size(), 6U) << "items below 100 ms do";
}

TEST(submitter_dispatch, batches_grow_at_most_twofold_to_20_ms_of_work) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_together(5000);
  std::size_t largest = 0;
  for (int i = 0; i < 12; ++i) {
    stage.settle();
    for (const std::size_t size : one.sizes()) {
      EXPECT_LE(size, std::max<std::size_t>(2 * largest, 1));
    }
    for (const std::size_t size : one.sizes()) largest = std::max(largest, size);
    one.finish_all(100us);
  }
  EXPECT_EQ(largest, 200U);
}

TEST(submitter_dispatch, batches_have_no_more_than_max_batch_items) {
  submitter_stage stage({.max_batch = 50});
  acting_worker one(stage);
  stage.submit_together(5000);
  std::size_t largest = 0;
  for (int i = 0; i < 12; ++i) {
    stage.settle();
    for (const std::size_t size : one.sizes()) largest = std::max(largest, size);
    one.finish_all(1us);
  }
  EXPECT_EQ(largest, 50U);
}

TEST(submitter_dispatch, a_batch_holds_items_of_several_spans_and_parts_of_one) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_together(1);
  stage.settle();
  one.work_off(1ms);
  for (int i = 0; i < 40; ++i) stage.submit({"a", "b", "c"});
  bool has_several = false;
  bool has_parts = false;
  for (int i = 0; i < 200; ++i) {
    stage.settle();
    for (const std::size_t size : one.sizes()) {
      has_several = has_several || size > 3;
      has_parts = has_parts || size % 3 != 0;
    }
    one.finish_all(1ms);
  }
  EXPECT_TRUE(has_several);
  EXPECT_TRUE(has_parts);
  EXPECT_EQ(stage.books.succeeded(), 121U);
  EXPECT_EQ(stage.books.finished_spans, 41U);
  EXPECT_LT(stage.bus.sent(stage.names.to_worker(one.id)), 121U);
}

TEST(submitter_dispatch, the_last_items_spread_over_all_threads) {
  submitter_stage stage;
  acting_worker left(stage, 2, 1);
  acting_worker right(stage, 2, 2);
  stage.submit_together(64);
  for (int i = 0; i < 6; ++i) {  // both are known to be fast
    stage.settle();
    left.finish_all(10us);
    right.finish_all(10us);
  }
  stage.settle();
  left.work_off(10us);
  right.work_off(10us);
  stage.submit_together(8);
  stage.settle();
  EXPECT_EQ(left.items(), right.items());
  EXPECT_EQ(left.batches.size(), 2U);
  EXPECT_EQ(right.batches.size(), 2U);
}

TEST(submitter_dispatch, a_part_batch_waits_for_a_free_thread) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_together(100);
  for (int i = 0; i < 40; ++i) {
    stage.settle();
    one.finish_all(10us);
  }
  stage.settle();
  ASSERT_EQ(stage.books.succeeded(), 100U);
  stage.submit({"first"});
  stage.settle();
  ASSERT_EQ(one.batches.size(), 1U);
  for (int i = 0; i < 6; ++i) stage.submit({"more"});
  stage.settle();
  EXPECT_EQ(one.batches.size(), 1U) << "its thread is busy, and the batch is not full";
  one.finish_all(10us);
  stage.settle();
  EXPECT_EQ(one.sizes(), (std::vector<std::size_t>{3})) << "what came meanwhile goes together";
}

TEST(submitter_dispatch, faster_workers_get_more) {
  submitter_stage stage;
  acting_worker fast(stage, 1, 1);
  acting_worker slow(stage, 1, 2);
  stage.submit_together(4000);
  std::size_t of_fast = 0;
  std::size_t of_slow = 0;
  for (int i = 0; i < 12; ++i) {
    stage.settle();
    of_fast = std::max(of_fast, fast.items());
    of_slow = std::max(of_slow, slow.items());
    fast.finish_all(50us);
    slow.finish_all(500us);
  }
  EXPECT_GT(of_fast, 5 * of_slow);
}

TEST(submitter_dispatch, a_batch_fits_into_a_message) {
  submitter_stage stage;
  stage.bus.set_max_payload(16'384);
  acting_worker one(stage);
  const std::string item(1000, 'x');
  stage.submit(std::vector<std::string>(200, item));
  for (int i = 0; i < 20; ++i) {
    stage.settle();  // the fake link throws where a message is too long
    for (const std::size_t size : one.sizes()) EXPECT_LE(size, 15U);
    one.finish_all(1us);
  }
  EXPECT_EQ(stage.books.succeeded(), 200U);
}

TEST(submitter_dispatch, nothing_is_given_out_while_the_server_does_not_take_it) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.settle();
  stage.link.pretend_buffered(std::size_t{32} << 20);
  stage.submit_singly(1);
  stage.settle();
  EXPECT_TRUE(one.batches.empty());
  EXPECT_LE(stage.machine.next_deadline() - stage.now, 10ms);
  stage.link.pretend_buffered(0);
  stage.pass(10ms);
  EXPECT_EQ(one.batches.size(), 1U);
}

TEST(submitter_dispatch, items_of_spans_with_deadlines_do_not_share_a_batch) {
  submitter_stage stage;
  acting_worker one(stage);
  for (int i = 0; i < 20; ++i) stage.submit({"a", "b", "c"}, stage.now + 1h);
  for (int i = 0; i < 60; ++i) {
    stage.settle();
    for (const std::size_t size : one.sizes()) EXPECT_LE(size, 3U);
    one.finish_all(1ms);
  }
  EXPECT_EQ(stage.books.finished_spans, 20U);
}

TEST(submitter_dispatch, spans_are_wanted_as_long_as_batches) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.settle();
  EXPECT_EQ(stage.machine.longest_wanted(), 1U);
  stage.submit_together(3000);
  for (int i = 0; i < 12; ++i) {
    stage.settle();
    one.finish_all(20us);
  }
  EXPECT_GE(stage.machine.longest_wanted(), 16U);
  EXPECT_LE(stage.machine.longest_wanted(), 1000U);
}

TEST(submitter_dispatch, an_item_beyond_64_mib_fails_by_itself) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit({"a", std::string((std::size_t{64} << 20) + 1, 'x'), "b"});
  stage.settle();
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 2U);
  EXPECT_FALSE(stage.books.ends.at(1).result.has_value());
  EXPECT_NE(stage.books.ends.at(1).message.find("64 MiB"), std::string::npos);
}

}  // namespace
