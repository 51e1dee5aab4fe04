// What a recorder knows of stages, of items that wait for a place in one, and of those that wait
// for the turn of their key.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "parwork/parwork.hpp"
#include "support/elsewhere.hpp"
#include "support/recorded_data.hpp"
#include "support/run_parts.hpp"
#include "support/runs.hpp"

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using parwork::keyed;
using parwork::limited;
using parwork::recorder;
using parwork::stages;
using parwork::summary;
using parwork::detail::wait_record;
using parwork_test::data_of;
using parwork_test::ignore;
using parwork_test::numbers;
using parwork_test::recorded_by;
using parwork_test::twice;

int staged_next(int item) { return item + 1; }
int key_of_staged(const int& item) { return item % 3; }

/// Until somebody waits: others make that come true while the caller holds what they wait for.
void until_somebody_waits(const wait_record& in) {
  while (in.count() == 0) std::this_thread::yield();
}

const wait_record& places_recorded(recorder& by, std::size_t stage) {
  return recorded_by(by).work().stages()[stage].waits;
}

/// All waits have ended.
void expect_sound_waits(recorder& by, const wait_record& waits) {
  EXPECT_GE(waits.time(), 0);
  EXPECT_LE(static_cast<double>(waits.time()),
            static_cast<double>(waits.count()) * static_cast<double>(recorded_by(by).length()));
}

TEST(wait_record, sums_what_was_waited_and_forgets_what_was_not) {
  wait_record waits;
  waits.withdraw(waits.begin());
  EXPECT_EQ(waits.time(), 0);
  EXPECT_EQ(waits.count(), 0U);
  const std::int64_t first = waits.begin();
  const std::int64_t second = waits.begin();
  waits.end();
  waits.end();
  EXPECT_GE(second, first);
  EXPECT_GE(waits.time(), 0);
  EXPECT_EQ(waits.count(), 2U);
}

class staged_records : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(workers, staged_records, testing::Values(1U, 2U, 8U));

TEST_P(staged_records, every_stage_has_its_share) {
  for (const auto order : {parwork::ordering::completion, parwork::ordering::input}) {
    recorder recorded;
    const summary run =
        parwork::process(numbers(300), stages(staged_next, limited(staged_next, 1), staged_next),
                         ignore(), {.workers = GetParam(), .order = order, .record = &recorded});
    EXPECT_EQ(run.succeeded, 300U);
    const json data = data_of(recorded);
    ASSERT_EQ(data["stages"].size(), 3U);
    std::int64_t time = 0;
    double share = 0;
    for (const json& stage : data["stages"]) {
      EXPECT_EQ(stage["attempts"], 300);
      time += stage["time"].get<std::int64_t>();
      share += stage["share"].get<double>();
    }
    EXPECT_EQ(time, recorded_by(recorded).durations().sum());
    EXPECT_NEAR(share, 1, 1e-9);
    EXPECT_EQ(data["stages"][1]["name"], "stage 1");
    EXPECT_EQ(data["stages"][1]["limit"], 1);
    EXPECT_TRUE(data["stages"][0]["limit"].is_null());
    EXPECT_EQ(data["stages"][0]["waits"], 0);
    EXPECT_TRUE(data["turns"].is_null());
    expect_sound_waits(recorded, places_recorded(recorded, 1));
  }
}

TEST(stages_record, who_finds_a_stage_full_waits) {
  recorder recorded;
  parwork::pool own(2);
  std::atomic<bool> first{true};
  const auto hold = [&](int item) {
    if (first.exchange(false)) until_somebody_waits(places_recorded(recorded, 1));
    return item;
  };
  static_cast<void>(parwork::process(numbers(50), stages(staged_next, limited(hold, 1)), ignore(),
                                     {.workers = 2, .run_on = &own, .record = &recorded}));
  const json waited = data_of(recorded)["stages"][1];
  EXPECT_GE(waited["waits"].get<int>(), 1);
  EXPECT_GT(waited["waited"].get<std::int64_t>(), 0);
  EXPECT_GT(waited["waiting"].get<double>(), 0);
  expect_sound_waits(recorded, places_recorded(recorded, 1));
}

TEST(stages_record, limited_work_is_its_only_stage) {
  recorder recorded;
  static_cast<void>(parwork::process(numbers(20), limited(staged_next, 3), ignore(),
                                     {.workers = 2, .record = &recorded}));
  const json data = data_of(recorded);
  ASSERT_EQ(data["stages"].size(), 1U);
  EXPECT_EQ(data["stages"][0]["name"], "limited work");
  EXPECT_EQ(data["stages"][0]["limit"], 3);
  EXPECT_EQ(data["stages"][0]["share"], 1.0);
}

TEST(stages_record, who_comes_behind_an_equal_key_waits) {
  recorder recorded;
  parwork::pool own(2);
  const auto work = [&](int item) {
    if (item == 0) until_somebody_waits(*recorded_by(recorded).work().known_turns());
    return item;
  };
  static_cast<void>(parwork::process(numbers(50), keyed(work, key_of_staged), ignore(),
                                     {.workers = 2, .run_on = &own, .record = &recorded}));
  const json data = data_of(recorded);
  EXPECT_TRUE(data["stages"].empty());
  EXPECT_GE(data["turns"]["waits"].get<int>(), 1);
  EXPECT_GT(data["turns"]["waited"].get<std::int64_t>(), 0);
  expect_sound_waits(recorded, *recorded_by(recorded).work().known_turns());
}

TEST_P(staged_records, keyed_stages_have_both) {
  recorder recorded;
  static_cast<void>(parwork::process(
      numbers(300), keyed(stages(staged_next, limited(staged_next, 1)), key_of_staged), ignore(),
      {.workers = GetParam(), .record = &recorded}));
  const json data = data_of(recorded);
  EXPECT_EQ(data["stages"].size(), 2U);
  EXPECT_FALSE(data["turns"].is_null());
  expect_sound_waits(recorded, places_recorded(recorded, 1));
  expect_sound_waits(recorded, *recorded_by(recorded).work().known_turns());
}

TEST_P(staged_records, retries_are_attempts_of_their_stage) {
  recorder recorded;
  const auto flaky = [tries = std::make_shared<std::atomic<int>>(0)](int item) {
    if (item % 10 == 0 && tries->fetch_add(1) % 2 == 0) throw std::runtime_error("again");
    return item;
  };
  const summary run = parwork::process(
      numbers(200), keyed(stages(staged_next, limited(flaky, 2)), key_of_staged),
      [](const parwork::completion<int, int>&) {},
      {.workers = GetParam(), .retry = {.max_attempts = 2, .backoff = 10us}, .record = &recorded});
  const json data = data_of(recorded);
  EXPECT_EQ(data["stages"][0]["attempts"], 200);
  EXPECT_EQ(data["stages"][1]["attempts"], 200 + run.retries);
  EXPECT_EQ(data["durations"]["count"], 400 + run.retries);
  expect_sound_waits(recorded, places_recorded(recorded, 1));
  expect_sound_waits(recorded, *recorded_by(recorded).work().known_turns());
}

TEST_P(staged_records, a_stop_ends_all_waits) {
  recorder recorded;
  std::stop_source stop;
  const auto stopping = [&](int item) {
    if (item == 100) stop.request_stop();
    return item;
  };
  const summary run = parwork::process(
      numbers(500), keyed(stages(staged_next, limited(stopping, 1)), key_of_staged), ignore(),
      {.workers = GetParam(), .stop = stop.get_token(), .record = &recorded});
  EXPECT_TRUE(run.stopped);
  expect_sound_waits(recorded, places_recorded(recorded, 1));
  expect_sound_waits(recorded, *recorded_by(recorded).work().known_turns());
}

TEST_P(staged_records, a_collector_that_throws_ends_all_waits) {
  recorder recorded;
  int left = 100;
  EXPECT_THROW(static_cast<void>(parwork::process(
                   numbers(500), keyed(stages(staged_next, limited(staged_next, 1)), key_of_staged),
                   [&](int) {
                     if (--left == 0) throw std::runtime_error("full");
                   },
                   {.workers = GetParam(), .record = &recorded})),
               std::runtime_error);
  expect_sound_waits(recorded, places_recorded(recorded, 1));
  expect_sound_waits(recorded, *recorded_by(recorded).work().known_turns());
}

TEST_P(staged_records, asynchronous_items_wait_for_their_turn) {
  recorder recorded;
  parwork_test::elsewhere threads(2);
  const auto work = [&](int item, parwork::completer<int> done) {
    threads.post([item, done = std::move(done)]() mutable { done.succeed(item); });
  };
  const summary run = parwork::process(numbers(200), keyed(work, key_of_staged), ignore(),
                                       {.workers = GetParam(), .record = &recorded});
  EXPECT_EQ(run.succeeded, 200U);
  expect_sound_waits(recorded, *recorded_by(recorded).work().known_turns());
}

TEST(stages_record, the_next_run_has_what_it_has) {
  recorder recorded;
  static_cast<void>(parwork::process(numbers(5), keyed(limited(staged_next, 1), key_of_staged),
                                     ignore(), {.record = &recorded}));
  static_cast<void>(parwork::process(numbers(5), twice(), ignore(), {.record = &recorded}));
  const json data = data_of(recorded);
  EXPECT_TRUE(data["stages"].empty());
  EXPECT_TRUE(data["turns"].is_null());
}

}  // namespace
