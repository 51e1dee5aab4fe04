// How a run ends, and what others are told of it.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "nats/crc32c.hpp"
#include "parwork/nats_errors.hpp"
#include "support/nats_submitter_stage.hpp"

namespace {

using namespace std::chrono_literals;
namespace nd = parwork::nats::detail;
using parwork::failure_kind;
using parwork_test::acting_worker;
using parwork_test::submitter_stage;
using event_kind = parwork::nats::event::kind;

TEST(submitter_stop, pending_items_end_and_held_ones_come_back_or_finish) {
  submitter_stage stage;
  acting_worker one(stage, 2);
  std::vector<std::stop_source> stops;
  for (int i = 0; i < 6; ++i) stops.push_back(stage.submit({"item " + std::to_string(i)}));
  stage.settle();
  one.start(one.first_batch());
  for (std::stop_source& each : stops) each.request_stop();
  stage.settle();
  EXPECT_EQ(stage.books.failed_by(failure_kind::cancelled), 5U);
  EXPECT_EQ(one.cancelled.size(), 2U);
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U) << "what runs finishes";
  EXPECT_EQ(stage.books.finished_spans, 6U);
  EXPECT_TRUE(one.batches.empty());
}

TEST(submitter_stop, a_lost_cancel_is_said_again) {
  submitter_stage stage;
  acting_worker one(stage);
  std::stop_source stop = stage.submit({"a"});
  stage.settle();
  stop.request_stop();
  stage.machine.settle(stage.now);
  stage.bus.lose_all();
  EXPECT_TRUE(one.cancelled.empty());
  stage.beat();
  EXPECT_EQ(stage.books.failed_by(failure_kind::cancelled), 1U);
}

TEST(submitter_stop, items_of_other_spans_in_a_cancelled_batch_go_again) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  one.work_off(1us);
  std::vector<std::stop_source> stops;
  for (int i = 0; i < 40; ++i) stops.push_back(stage.submit({"a", "b"}));
  for (int i = 0; i < 3; ++i) {
    stage.settle();
    one.finish_all(1us);
  }
  stage.settle();
  const std::size_t before = stage.books.ends.size();
  const std::uint64_t stopped = one.batches.begin()->second.items[0].index;
  stops[(stopped - 1) / 2].request_stop();
  stage.settle();
  EXPECT_FALSE(one.cancelled.empty());
  one.work_off(1us);
  EXPECT_LE(stage.books.failed_by(failure_kind::cancelled), 2U);
  EXPECT_GE(stage.books.failed_by(failure_kind::cancelled), 1U);
  EXPECT_EQ(stage.books.ends.size(), 81U);
  EXPECT_LT(before, 81U);
}

TEST(submitter_stop, a_span_that_was_stopped_before_it_came_ends) {
  submitter_stage stage;
  auto span = std::make_unique<parwork_test::booked_span>(stage.books, 0,
                                                          std::vector<std::string>{"a", "b"});
  span->stop.request_stop();
  stage.machine.submit(std::move(span));
  stage.settle();
  EXPECT_EQ(stage.books.failed_by(failure_kind::cancelled), 2U);
}

TEST(submitter_stop, behind_its_deadline_an_item_has_timed_out) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.pass(100ms);
  std::stop_source held = stage.submit({"held"}, stage.now + 1s);
  stage.settle();
  std::stop_source pending = stage.submit({"pending"}, stage.now + 1s);
  stage.beat(1);
  held.request_stop();
  pending.request_stop();
  stage.settle();
  EXPECT_EQ(stage.books.failed_by(failure_kind::timeout), 2U);
}

TEST(submitter_stop, a_suspect_ends_too) {
  submitter_stage stage;
  acting_worker one(stage);
  std::stop_source stop = stage.submit({"a"});
  stage.settle();
  one.die();
  stage.beat(3);
  stop.request_stop();
  stage.settle();
  EXPECT_EQ(stage.books.failed_by(failure_kind::cancelled), 1U);
}

TEST(submitter_stop, a_lost_worker_is_not_waited_for_when_the_run_was_stopped) {
  submitter_stage stage;
  acting_worker one(stage);
  std::stop_source stop = stage.submit({"a"});
  stage.settle();
  one.start_all();
  stop.request_stop();
  stage.settle();
  one.die();
  stage.beat(3);
  EXPECT_EQ(stage.books.failed_by(failure_kind::cancelled), 1U);
}

TEST(submitter_stop, a_server_that_stays_away_is_not_waited_for) {
  submitter_stage stage;
  acting_worker one(stage);
  std::stop_source stop = stage.submit({"a"});
  stage.settle();
  stage.bus.cut_all();
  stage.settle();
  stop.request_stop();
  stage.beat(9);
  EXPECT_TRUE(stage.books.ends.empty());
  stage.beat(2);
  EXPECT_EQ(stage.books.failed_by(failure_kind::cancelled), 1U);
}

TEST(submitter_errors, unknown_work_after_three_seconds) {
  submitter_stage stage;
  acting_worker one(stage);
  one.fits = nd::fitness::unknown_work;
  stage.submit_singly(2);
  stage.pass(2900ms);
  EXPECT_FALSE(stage.books.error);
  stage.pass(2s);
  EXPECT_NE(stage.books.error_text<parwork::nats::unknown_work>().find("\"w\""), std::string::npos);
  EXPECT_EQ(stage.books.errors, 1U);
  EXPECT_EQ(stage.books.dropped_spans, 1U) << "abandoned behind it, so that no journal records it";
  EXPECT_EQ(stage.events_of(event_kind::no_workers), 0U);
}

TEST(submitter_errors, unmet_needs_after_three_seconds) {
  submitter_stage stage({.needs = {"gpu"}});
  acting_worker one(stage);
  one.fits = nd::fitness::unmet_needs;
  stage.submit_singly(1);
  stage.pass(5s);
  EXPECT_NE(stage.books.error_text<parwork::nats::unmet_needs>().find("gpu"), std::string::npos);
}

TEST(submitter_errors, a_worker_that_fits_is_enough_and_later_none_is_waited_for) {
  submitter_stage stage;
  acting_worker other(stage, 1, 1);
  other.fits = nd::fitness::unknown_work;
  acting_worker one(stage, 1, 2);
  stage.submit_singly(2);
  stage.pass(5s);
  one.die();
  stage.pass(10s);
  EXPECT_FALSE(stage.books.error);
  EXPECT_EQ(stage.events_of(event_kind::no_workers), 1U);
}

TEST(submitter_errors, other_codecs_at_once) {
  submitter_stage stage({.item_codec = "mine"});
  acting_worker one(stage);
  one.fits = nd::fitness::other_codecs;
  stage.submit_singly(1);
  stage.pass(10ms);
  EXPECT_NE(stage.books.error_text<parwork::nats::codec_mismatch>().find("mine"),
            std::string::npos);
}

TEST(submitter_errors, another_version_at_once) {
  submitter_stage stage;
  stage.submit_singly(1);
  std::string frame;
  nd::encode(nd::message(nd::started{1}), frame);
  frame[2] = 9;
  frame.resize(frame.size() - 4);
  const std::uint32_t crc = nd::crc32c(frame);
  for (int shift = 0; shift < 32; shift += 8) frame += static_cast<char>(crc >> shift & 0xff);
  stage.machine.heard({1, 1}, frame, stage.now);
  EXPECT_NE(stage.books.error_text<parwork::nats::version_mismatch>().find("9"), std::string::npos);
}

TEST(submitter_errors, no_server_for_give_up_after) {
  submitter_stage stage({.give_up_after = 20s});
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  stage.bus.cut(stage.link);
  stage.settle();
  stage.pass(19s);
  EXPECT_FALSE(stage.books.error);
  stage.pass(1s);
  EXPECT_NE(stage.books.error_text<parwork::nats::disconnected>().find("server"),
            std::string::npos);
}

TEST(submitter_errors, no_worker_for_give_up_after) {
  submitter_stage stage({.give_up_after = 20s});
  stage.submit_singly(1);
  stage.pass(20s);
  EXPECT_NE(stage.books.error_text<parwork::nats::disconnected>().find("worker"),
            std::string::npos);
  EXPECT_EQ(stage.events_of(event_kind::no_workers), 1U);
}

TEST(submitter_errors, without_give_up_after_it_waits_and_says_once_that_no_worker_is_there) {
  submitter_stage stage;
  stage.submit_singly(1);
  stage.pass(2900ms);
  EXPECT_EQ(stage.events_of(event_kind::no_workers), 0U);
  stage.pass(1h);
  EXPECT_EQ(stage.events_of(event_kind::no_workers), 1U);
  EXPECT_FALSE(stage.books.error);
  acting_worker one(stage);
  stage.pass(2s);
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U);
}

TEST(submitter_errors, refused_by_the_server) {
  submitter_stage stage;
  stage.bus.forbid(stage.link, stage.names.call("w"));
  stage.submit_singly(1);
  stage.pass(100ms);
  EXPECT_NE(stage.books.error_text<parwork::nats::access_denied>().find("permit"),
            std::string::npos);
  stage.submit_singly(1);
  EXPECT_EQ(stage.books.errors, 2U) << "whoever comes later hears it, too";
}

TEST(submitter_errors, an_error_of_a_run_is_over_with_it) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  stage.machine.fail_run(std::make_exception_ptr(std::runtime_error("thrown by on_event")));
  EXPECT_NE(stage.books.error_text<std::runtime_error>().find("on_event"), std::string::npos);
  stage.machine.run_ends();
  stage.machine.run_begins(stage.now);
  stage.submit_singly(1);
  stage.settle();
  one.work_off();
  EXPECT_EQ(stage.books.succeeded(), 1U);
}

TEST(submitter_errors, a_late_result_of_a_failed_run_is_acknowledged) {
  submitter_stage stage;
  acting_worker one(stage);
  stage.submit_singly(1);
  stage.settle();
  one.start_all();
  stage.machine.fail_run(std::make_exception_ptr(std::runtime_error("x")));
  one.finish_all();
  stage.settle();
  EXPECT_TRUE(one.batches.empty());
  EXPECT_TRUE(stage.books.ends.empty());
}

}  // namespace
