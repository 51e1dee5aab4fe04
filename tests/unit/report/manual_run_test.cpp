// Runs that a recorder is given by hand.
#include "parwork/recorder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/recorded_data.hpp"
#include "support/run_parts.hpp"
#include "support/runs.hpp"

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using parwork::failure;
using parwork::failure_kind;
using parwork::recorder;
using parwork::summary;
using parwork_test::data_of;
using parwork_test::ignore;
using parwork_test::numbers;
using parwork_test::twice;

// --- Runs by hand ---

parwork::recorded_attempt attempt(unsigned lane, std::uint64_t index,
                                  std::chrono::milliseconds start,
                                  std::chrono::milliseconds duration) {
  return {.lane = lane,
          .index = index,
          .name = "job " + std::to_string(index),
          .start = start,
          .duration = duration};
}

TEST(recorder, a_run_by_hand_is_shown_as_it_was) {
  recorder recorded{{.title = "jobs"}};
  recorded.begin({.workers = 3, .item = "job", .lane = "slot"});
  recorded.add(attempt(1, 0, 0ms, 40ms));
  recorded.add(attempt(2, 1, 0ms, 100ms));
  auto broken = attempt(1, 2, 50ms, 50ms);
  broken.end = parwork::attempt_end::failed;
  broken.why = failure(failure_kind::error, "exit 3");
  recorded.add(broken);
  const summary shown =
      recorded.finish({.produced = 3, .succeeded = 2, .failed = 1, .wall = 100ms});
  EXPECT_EQ(shown.workers, 3U);
  EXPECT_EQ(shown.peak_in_flight, 2U);
  EXPECT_NEAR(shown.work_share, 190.0 / 300, 1e-9);
  EXPECT_NEAR(shown.idle_share, 110.0 / 300, 1e-9);
  EXPECT_EQ(shown.bound, parwork::bottleneck::balanced);

  const json data = data_of(recorded);
  EXPECT_EQ(data["words"]["items"], "jobs");
  ASSERT_EQ(data["lanes"].size(), 3U);
  EXPECT_EQ(data["lanes"][0]["name"], "slot 1");
  EXPECT_EQ(data["lanes"][0]["slices"]["start"], (json{0, 40'000'000, 50'000'000}));
  EXPECT_EQ(data["lanes"][0]["slices"]["failed"], (json{0, 0, 1}));
  EXPECT_EQ(data["lanes"][2]["time"]["idle"], 100'000'000);
  EXPECT_EQ(data["slowest"][0]["name"], "job 1");
  EXPECT_EQ(data["slowest"][0]["lane"], "slot 2");
  EXPECT_EQ(data["failures"]["groups"][0]["message"], "exit 3");
  EXPECT_EQ(data["durations"]["max"], 100'000'000);
}

TEST(recorder, attempts_by_hand_need_a_run_and_one_of_its_lanes) {
  recorder recorded;
  EXPECT_THROW(recorded.add({}), std::logic_error);
  EXPECT_THROW(static_cast<void>(recorded.finish({})), std::logic_error);
  EXPECT_THROW(recorded.begin({.workers = 0}), std::invalid_argument);
  recorded.begin({.workers = 2});
  EXPECT_THROW(recorded.add({.lane = 0}), std::invalid_argument);
  EXPECT_THROW(recorded.add({.lane = 3}), std::invalid_argument);
  EXPECT_THROW(recorded.begin({.workers = 2}), std::logic_error);
  EXPECT_THROW(
      static_cast<void>(parwork::process(numbers(1), twice(), ignore(), {.record = &recorded})),
      std::logic_error);
  static_cast<void>(recorded.finish({}));
  EXPECT_THROW(recorded.add({}), std::logic_error);
}

TEST(recorder, attempts_by_hand_may_come_from_any_thread) {
  recorder recorded;
  recorded.begin({.workers = 4});
  {
    std::vector<std::jthread> threads;
    for (unsigned lane = 1; lane <= 4; ++lane) {
      threads.emplace_back([&recorded, lane] {
        for (int i = 0; i < 1000; ++i) {
          recorded.add(
              attempt(lane, static_cast<std::uint64_t>(i), std::chrono::milliseconds(i), 1ms));
        }
      });
    }
  }
  static_cast<void>(recorded.finish({.produced = 4000, .succeeded = 4000, .wall = 1s}));
  EXPECT_EQ(data_of(recorded)["durations"]["count"], 4000);
}

}  // namespace
