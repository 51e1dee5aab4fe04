// Lanes of what other machines do for a recorded run.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "parwork/recorder.hpp"
#include "report/output_file.hpp"
#include "report/report.hpp"
#include "support/elsewhere.hpp"
#include "support/recorded_data.hpp"
#include "support/runs.hpp"

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using parwork::batch_completer;
using parwork::recorder;
using parwork::remote_lane_id;
using parwork_test::data_of;
using parwork_test::elsewhere;
using parwork_test::numbers;
using parwork_test::recorded_by;
using parwork_test::trace_of;
using std::chrono::steady_clock;

// A run whose spans of four are worked on by two "machines", which tell the recorder.
void run_remotely(recorder& by) {
  elsewhere machines(2);
  const auto work = [&](std::span<int> items, batch_completer<void> done) {
    machines.post([&, items, done = std::move(done)]() mutable {
      const auto start = steady_clock::now();
      const std::string name = done.index() / 4 % 2 == 0 ? "alpha/0" : "beta <script>/1";
      const auto count = static_cast<std::uint32_t>(items.size());
      by.add_remote(by.remote_lane(name), done.index(), count, count / 2, start, 50us);
      done.succeed();
    });
  };
  static_cast<void>(parwork::process(numbers(200), parwork::batched(work, 4), [] {},
                                     {.workers = 2, .queue = 40, .record = &by}));
}

TEST(remote_lanes, are_shown_by_their_names_and_count_their_items) {
  recorder recorded;
  run_remotely(recorded);
  const json data = data_of(recorded);
  std::uint64_t items = 0;
  std::vector<std::string> names;
  for (const json& lane : data["lanes"]) {
    const auto name = lane["name"].get<std::string>();
    if (!name.starts_with("alpha") && !name.starts_with("beta")) continue;
    names.push_back(name);
    EXPECT_EQ(lane["kind"], "slot");
    items += lane["items"].get<std::uint64_t>();
  }
  std::ranges::sort(names);
  EXPECT_EQ(items, 200U);
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names.front(), "alpha/0");
  EXPECT_LE(names.size(), 2U);
  EXPECT_EQ(data["durations"]["count"], 200) << "the run counts them when they come back";
  EXPECT_EQ(data["failures"]["total"], 0);
  EXPECT_NE(trace_of(recorded).dump().find("alpha/0"), std::string::npos);
}

TEST(remote_lanes, are_the_same_for_the_same_name_and_only_of_a_recorded_run) {
  recorder recorded;
  EXPECT_THROW((void)recorded.remote_lane("early"), std::logic_error);
  recorded.add_remote(remote_lane_id{1}, 0, 1, 0, steady_clock::now(), 1us);  // dropped
  remote_lane_id kept = remote_lane_id::none;
  static_cast<void>(parwork::process(
      numbers(3),
      [&](int) {
        kept = recorded.remote_lane("one");
        EXPECT_NE(kept, remote_lane_id::none);
        EXPECT_EQ(recorded.remote_lane("one"), kept);
        EXPECT_NE(recorded.remote_lane("two"), kept);
      },
      [] {}, {.workers = 1, .record = &recorded}));
  EXPECT_THROW((void)recorded.remote_lane("late"), std::logic_error);
  recorded.add_remote(kept, 0, 1, 0, steady_clock::now(), 1us);  // dropped
  const json before = data_of(recorded);
  ASSERT_FALSE(before["lanes"].empty());
  for (const json& lane : before["lanes"]) {
    if (lane["name"] == "one") {
      EXPECT_EQ(lane["items"], 0);
    }
  }
  run_remotely(recorded);  // a further run begins without them
  const json data = data_of(recorded);
  EXPECT_FALSE(data["lanes"].empty());
  for (const json& lane : data["lanes"]) EXPECT_NE(lane["name"], "one");
}

TEST(remote_lanes, stand_where_their_time_was) {
  recorder recorded;
  static_cast<void>(parwork::process(
      numbers(1),
      [&](int) {
        const remote_lane_id lane = recorded.remote_lane("far away");
        const auto start = steady_clock::now();
        while (steady_clock::now() < start + 3ms) {
        }
        recorded.add_remote(lane, 7, 3, 1, start, 1ms);
        recorded.add_remote(lane, 10, 2, 0, start + 2ms, 1ms);
        recorded.add_remote(lane, 12, 0, 0, start, 1ms);  // of nothing
      },
      [] {}, {.workers = 1, .record = &recorded}));
  const auto& lanes = recorded_by(recorded).remote().lanes();
  ASSERT_EQ(lanes.size(), 1U);
  std::vector<parwork::detail::slice> worked;
  for (const auto& each : lanes[0]->its.slices()) {
    if (each.worked > 0) worked.push_back(each);
  }
  ASSERT_EQ(worked.size(), 2U);
  EXPECT_EQ(worked[0].first, 7U);
  EXPECT_EQ(worked[0].worked, 3U);
  EXPECT_EQ(worked[0].failed, 1U);
  EXPECT_EQ(worked[0].length(), 1'000'000);
  EXPECT_EQ(worked[1].first, 10U);
  EXPECT_EQ(worked[1].worked, 2U);
  EXPECT_GE(worked[1].start, worked[0].end());
  parwork_test::expect_sound_lanes(recorded_by(recorded));
}

TEST(remote_lanes, stand_before_what_is_outstanding) {
  recorder recorded;
  run_remotely(recorded);
  const json data = data_of(recorded);
  std::vector<std::string> names;
  for (const json& lane : data["lanes"]) names.push_back(lane["name"]);
  const auto is_outstanding = [](const std::string& name) { return name.contains("outstanding"); };
  const auto outstanding = std::ranges::find_if(names, is_outstanding);
  const auto remote = std::ranges::find(names, "alpha/0");
  ASSERT_NE(outstanding, names.end()) << testing::PrintToString(names);
  EXPECT_LT(remote, outstanding);
}

TEST(remote_lanes, that_are_busy_are_the_verdict) {
  recorder recorded;
  static_cast<void>(parwork::process(
      numbers(1),
      [&](int) {
        for (const char* const name : {"one", "two"}) {
          recorded.add_remote(recorded.remote_lane(name), 0, 1, 0, steady_clock::now(), 1h);
        }
      },
      [] {}, {.workers = 1, .record = &recorded}));
  const std::string said = recorded.verdict();
  EXPECT_NE(said.find("Bound by work elsewhere: 2 threads on other machines"), std::string::npos)
      << said;
}

TEST(remote_lanes, keep_each_span_while_they_are_few) {
  constexpr std::uint64_t spans = 4'000;  // beyond what one of a thousand lanes has room for
  recorder recorded;
  static_cast<void>(parwork::process(
      numbers(1),
      [&](int) {
        const remote_lane_id lane = recorded.remote_lane("far away");
        const auto start = steady_clock::now();
        for (std::uint64_t i = 0; i < spans; ++i) {
          // So far apart that no delay between two readings of the clocks closes the gap.
          recorded.add_remote(lane, i, 1, 0, start + i * 1s, 1ms);
        }
      },
      [] {}, {.workers = 1, .record = &recorded}));
  std::uint64_t kept = 0;
  for (const auto& each : recorded_by(recorded).remote().lanes()[0]->its.slices()) {
    if (each.worked == 1) ++kept;
  }
  EXPECT_EQ(kept, spans);
}

TEST(remote_lanes, are_limited_in_number) {
  recorder recorded;
  static_cast<void>(parwork::process(
      numbers(1),
      [&](int) {
        for (int i = 0; i < 1024; ++i) {
          EXPECT_NE(recorded.remote_lane(std::to_string(i)), remote_lane_id::none);
        }
        const remote_lane_id beyond = recorded.remote_lane("one more");
        EXPECT_EQ(beyond, remote_lane_id::none);
        recorded.add_remote(beyond, 0, 1, 0, steady_clock::now(), 1us);
      },
      [] {}, {.workers = 1, .record = &recorded}));
  EXPECT_EQ(recorded_by(recorded).remote().lanes().size(), 1024U);
}

}  // namespace
