// What a recorder knows of a run, read from the data that the report is made of and from the trace.
#include "parwork/recorder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/burn.hpp"
#include "support/recorded_data.hpp"
#include "support/run_parts.hpp"
#include "support/runs.hpp"
#include "support/temporary_folder.hpp"

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using parwork::completion;
using parwork::options;
using parwork::recorder;
using parwork::summary;
using parwork_test::adding;
using parwork_test::burn;
using parwork_test::data_of;
using parwork_test::ignore;
using parwork_test::numbers;
using parwork_test::recorded_by;
using parwork_test::text_of;
using parwork_test::trace_of;
using parwork_test::twice;

// --- Shapes of runs, each with 500 items ---

constexpr int items = 500;

struct shape {
  const char* name;
  summary (*run)(const options&);
};

std::vector<int> range() {
  std::vector<int> all(items);
  for (int i = 0; i < items; ++i) all[static_cast<std::size_t>(i)] = i;
  return all;
}

int some_work(int item) {
  burn(2us);
  return item;
}

const shape shapes[] = {
    {"plain",
     [](const options& o) { return parwork::process(numbers(items), some_work, ignore(), o); }},
    {"reduced",
     [](const options& o) {
       auto sum = adding();
       return parwork::process(numbers(items), some_work, sum, o);
     }},
    {"split",
     [](const options& o) {
       const auto all = range();
       return parwork::process(parwork::split(all), some_work, ignore(), o);
     }},
    {"straight",
     [](const options& o) {
       const auto all = range();
       auto sum = adding();
       return parwork::process(parwork::split(all), some_work, sum, o);
     }},
    {"batched",
     [](const options& o) {
       return parwork::process(numbers(items), parwork::batched([](std::span<int> some) {
                                 burn(2us * some.size());
                                 return std::vector<int>(some.begin(), some.end());
                               }),
                               ignore(), o);
     }},
    {"per_worker",
     [](const options& o) {
       return parwork::process(
           numbers(items),
           parwork::per_worker([] { return 0; }, [](int&, int item) { return some_work(item); }),
           ignore(), o);
     }},
    {"asynchronous",
     [](const options& o) {
       return parwork::process(
           numbers(items),
           [](int item, parwork::completer<int> done) { done.succeed(some_work(item)); }, ignore(),
           o);
     }},
};

class recorded_shapes : public testing::TestWithParam<std::tuple<shape, unsigned>> {};

TEST_P(recorded_shapes, trace_adds_up_to_the_shares_of_the_summary) {
  const auto& [which, workers] = GetParam();
  recorder recorded;
  const summary run = which.run({.workers = workers, .record = &recorded});
  EXPECT_EQ(run.succeeded, unsigned{items});
  parwork_test::expect_sound_lanes(recorded_by(recorded));

  std::map<std::string, double> time;
  const json traceEvents = trace_of(recorded)["traceEvents"];
  for (const json& event : traceEvents) {
    if (event["ph"] == "X" && event["cat"] == "worker") {
      time[event["name"]] += event["dur"].get<double>() * 1000;
    }
  }
  // A recording begins a little earlier than the run, and ends later: on a busy machine some
  // milliseconds. So times are compared, and not shares, but for idle ones: all that is left.
  const double of_summary = static_cast<double>(run.wall.count()) * run.workers;
  EXPECT_NEAR(time["work"] / of_summary, run.work_share, 0.01);
  EXPECT_NEAR(time["generator"] / of_summary, run.generator_share, 0.01);
  EXPECT_NEAR(time["collector"] / of_summary, run.collector_share, 0.01);
  const double whole = static_cast<double>(recorded_by(recorded).length()) * run.workers;
  const double busy = time["work"] + time["generator"] + time["collector"];
  EXPECT_NEAR(time["idle"] / whole, 1 - busy / whole, 0.01);
}

TEST_P(recorded_shapes, counts_every_attempt_once) {
  const auto& [which, workers] = GetParam();
  recorder recorded;
  static_cast<void>(which.run({.workers = workers, .record = &recorded}));
  const json data = data_of(recorded);
  EXPECT_EQ(data["durations"]["count"], items);
  std::uint64_t drawn = 0;
  const std::string drawn_in = std::string(which.name) == "asynchronous" ? "slot" : "worker";
  for (const json& lane : data["lanes"]) {
    if (lane["kind"] == drawn_in) drawn += lane["items"].get<std::uint64_t>();
  }
  EXPECT_EQ(drawn, unsigned{items});
}

TEST_P(recorded_shapes, throughput_adds_up_to_the_items) {
  const auto& [which, workers] = GetParam();
  recorder recorded;
  static_cast<void>(which.run({.workers = workers, .record = &recorded}));
  const json data = data_of(recorded);
  const double width = static_cast<double>(recorded_by(recorded).length()) /
                       static_cast<double>(data["series"]["t"].size()) / 1e9;
  double finished = 0;
  for (const json& rate : data["series"]["rate"]) finished += rate.get<double>() * width;
  EXPECT_NEAR(finished, items, 1);
}

INSTANTIATE_TEST_SUITE_P(all, recorded_shapes,
                         testing::Combine(testing::ValuesIn(shapes), testing::Values(1U, 2U, 8U)),
                         [](const auto& which) {
                           return std::string(std::get<0>(which.param).name) + "_" +
                                  std::to_string(std::get<1>(which.param));
                         });

TEST(recorder, data_has_the_numbers_of_the_summary) {
  recorder recorded{{.title = "numbers"}};
  const summary run = parwork::process(
      numbers(100),
      [](int item) -> std::expected<int, std::string> {
        if (item % 10 == 0) return std::unexpected("tenth");
        return item;
      },
      [](const completion<int, int>&) {}, {.workers = 2, .queue = 7, .record = &recorded});
  const json data = data_of(recorded);
  EXPECT_EQ(data["title"], "numbers");
  const json& shown = data["summary"];
  EXPECT_EQ(shown["produced"], run.produced);
  EXPECT_EQ(shown["succeeded"], 90);
  EXPECT_EQ(shown["failed"], 10);
  EXPECT_EQ(shown["wall"], run.wall.count());
  EXPECT_EQ(shown["workers"], 2);
  EXPECT_EQ(shown["peak_in_flight"], run.peak_in_flight);
  EXPECT_EQ(shown["work_share"].get<double>(), run.work_share);
  EXPECT_EQ(data["queue"], 7);
  for (const json& now : data["series"]["in_flight"]) EXPECT_LE(now.get<double>(), 7);
}

TEST(recorder, data_has_the_memory_in_flight_and_its_bound) {
  recorder recorded;
  const auto weigh = [](const int&) { return 10; };
  const summary run = parwork::process(parwork::weighed(numbers(100), weigh), twice(), ignore(),
                                       {.workers = 2, .memory = 40, .record = &recorded});
  json data = data_of(recorded);
  EXPECT_GE(run.peak_memory, 10U);
  EXPECT_EQ(data["summary"]["peak_memory"], run.peak_memory);
  EXPECT_EQ(data["memory"], 40);
  static_cast<void>(parwork::process(parwork::weighed(numbers(100), weigh), twice(), ignore(),
                                     {.record = &recorded}));
  data = data_of(recorded);
  EXPECT_GE(data["summary"]["peak_memory"].get<int>(), 10);
  EXPECT_TRUE(data["memory"].is_null());
}

TEST(recorder, data_has_paused_time_and_leaves_it_out_of_rate_and_efficiency) {
  recorder recorded;
  parwork::run_control control;
  control.pause();
  // Ends the pause once the run is in it.
  std::jthread other([&] {
    parwork_test::burn(20ms);
    control.resume();
  });
  const summary run =
      parwork::process(numbers(100), twice(), ignore(), {.record = &recorded, .control = &control});
  const json data = data_of(recorded);
  EXPECT_EQ(data["summary"]["paused"], run.paused.count());
  const auto active = static_cast<double>((run.wall - run.paused).count());
  EXPECT_NEAR(data["rate"].get<double>(), 100 / (active / 1e9), 1e-3 * 100 / (active / 1e9));
  EXPECT_NEAR(data["cpu"]["efficiency"].get<double>(),
              data["cpu"]["time"].get<double>() / (active * run.workers), 1e-6);
  EXPECT_EQ(trace_of(recorded)["otherData"]["paused"], run.paused.count());
}

TEST(recorder, a_pause_of_a_run_by_hand_is_in_no_share) {
  recorder recorded;
  recorded.begin({.workers = 2});
  for (const unsigned lane : {1U, 2U}) recorded.add({.lane = lane, .duration = 500ms});
  const summary run = recorded.finish({.produced = 2, .succeeded = 2, .wall = 1s, .paused = 500ms});
  EXPECT_EQ(run.paused, 500ms);
  EXPECT_NEAR(run.work_share, 1, 1e-9);
  EXPECT_NE(recorded.verdict().find("paused for 500 ms"), std::string::npos);
}

// --- How a run ends ---

TEST(recorder, a_run_that_a_generator_broke_off_is_kept) {
  recorder recorded;
  EXPECT_THROW(static_cast<void>(parwork::process(
                   [next = 0]() mutable -> std::optional<int> {
                     if (next == 10) throw std::runtime_error("the disk is gone");
                     return next++;
                   },
                   twice(), ignore(), {.record = &recorded})),
               std::runtime_error);
  const json data = data_of(recorded);
  EXPECT_EQ(data["broken_off"], "the disk is gone");
  EXPECT_EQ(data["summary"]["succeeded"], 10);
}

TEST(recorder, a_run_that_a_merge_broke_off_is_kept) {
  recorder recorded;
  auto sum =
      parwork::reduce(0, [](int&, int) {}, [](int&, int) { throw std::runtime_error("no merge"); });
  EXPECT_THROW(
      static_cast<void>(parwork::process(numbers(10), twice(), sum, {.record = &recorded})),
      std::runtime_error);
  EXPECT_EQ(data_of(recorded)["broken_off"], "no merge");
}

TEST(recorder, the_next_run_replaces_the_last) {
  recorder recorded;
  for (const int count : {30, 0, 5}) {
    static_cast<void>(parwork::process(numbers(count), twice(), ignore(), {.record = &recorded}));
    const json data = data_of(recorded);
    EXPECT_EQ(data["summary"]["produced"], count);
    EXPECT_EQ(data["durations"]["count"], count);
    EXPECT_EQ(data["verdict"]["bound"] == "nothing", count == 0);
  }
}

TEST(recorder, one_run_at_a_time) {
  recorder recorded;
  std::string refused;
  static_cast<void>(parwork::process(
      numbers(1),
      [&](int item) {
        try {
          static_cast<void>(parwork::process(numbers(1), twice(), ignore(), {.record = &recorded}));
        } catch (const std::logic_error& error) {
          refused = error.what();
        }
        EXPECT_THROW(recorded.write_trace("/dev/null"), std::logic_error);
        return item;
      },
      ignore(), {.record = &recorded}));
  EXPECT_NE(refused.find("another run"), std::string::npos) << refused;
  EXPECT_EQ(data_of(recorded)["summary"]["succeeded"], 1);
}

TEST(recorder, options_that_are_refused_leave_it_free) {
  recorder recorded;
  EXPECT_THROW(static_cast<void>(
                   parwork::process(numbers(1), twice(), ignore(),
                                    {.workers = parwork::max_workers + 1, .record = &recorded})),
               std::invalid_argument);
  EXPECT_EQ(recorded.verdict(), "");
  static_cast<void>(parwork::process(numbers(1), twice(), ignore(), {.record = &recorded}));
  EXPECT_NE(recorded.verdict(), "");
}

// --- Memory ---

TEST(recorder, long_runs_are_thinned_and_still_add_up) {
  recorder recorded{{.memory = std::size_t{1} << 20}};
  const summary run = parwork::process(numbers(40'000),
                                       [](int item) {
                                         burn(item % 4 == 0 ? 25us : 1us);
                                         return item;
                                       },
                                       ignore(), {.workers = 2, .record = &recorded});
  EXPECT_TRUE(recorded.thinned());
  const auto& its = recorded_by(recorded);
  parwork_test::expect_sound_lanes(its);
  std::size_t bytes = 0;
  for (const unsigned worker : {0U, 1U}) {
    const auto* const lane = its.worker_lane(worker);
    ASSERT_NE(lane, nullptr);
    bytes += lane->slices().size() * sizeof(parwork::detail::slice);
    std::uint64_t named = 0;
    for (const auto& slice : lane->slices()) named += slice.name != 0 ? 1 : 0;
    bytes += named * sizeof(std::string);
  }
  EXPECT_LE(bytes, std::size_t{1} << 20);
  const json data = data_of(recorded);
  EXPECT_EQ(data["thinned"], true);
  EXPECT_GT(data["resolution"].get<std::int64_t>(), 0);
  EXPECT_EQ(data["durations"]["count"], 40'000);
  double work = 0;
  std::uint64_t drawn = 0;
  for (const json& lane : data["lanes"]) {
    work += lane["time"]["work"].get<double>();
    drawn += lane["items"].get<std::uint64_t>();
  }
  EXPECT_EQ(drawn, 40'000U);
  EXPECT_NEAR(work / (static_cast<double>(its.length()) * 2), run.work_share, 0.01);
}

TEST(recorder, further_workers_have_lanes_within_its_memory) {
  using parwork::detail::recording;
  recording run(std::size_t{1} << 20, "");
  run.begin({.workers = 2, .further_workers = 4000}, 0);
  EXPECT_GT(run.further_lanes(), 10U);
  EXPECT_LT(run.further_lanes(), 256U);
  EXPECT_EQ(run.further_lane(run.further_lanes(), 0), nullptr);
  auto* const its = run.further_lane(3, 0);
  ASSERT_NE(its, nullptr);
  its->add_span({.duration = 1'000'000, .start = 0});
  run.end({.produced = 1, .succeeded = 1, .wall = 2ms, .workers = 2}, nullptr, 2'000'000);
  const auto lanes = parwork::detail::lanes_of(run);
  ASSERT_EQ(lanes.size(), 3U);  // those that the run had, and who came
  EXPECT_EQ(lanes.back().name, "worker 5");
  parwork_test::expect_sound_lanes(run);
  recording large(std::size_t{64} << 20, "");
  large.begin({.workers = 2, .further_workers = 4000}, 0);
  EXPECT_EQ(large.further_lanes(), 256U);
}

TEST(recorder, too_little_memory_is_refused) {
  EXPECT_THROW(recorder({.memory = 1000}), std::invalid_argument);
}

// --- Files ---

TEST(recorder, nothing_recorded_cannot_be_written) {
  const recorder recorded;
  EXPECT_THROW(recorded.write_trace("/dev/null"), std::logic_error);
  EXPECT_THROW(recorded.write_report("/dev/null"), std::logic_error);
  EXPECT_FALSE(recorded.thinned());
}

TEST(recorder, a_file_that_cannot_be_written_is_named) {
  recorder recorded;
  static_cast<void>(parwork::process(numbers(1), twice(), ignore(), {.record = &recorded}));
  for (const char* file : {"/no/such/folder/trace", "/dev/full"}) {
    try {
      recorded.write_trace(file);
      ADD_FAILURE() << file;
    } catch (const std::system_error& error) {
      EXPECT_NE(std::string(error.what()).find(file), std::string::npos) << error.what();
    }
  }
}

TEST(recorder, report_holds_the_data_or_says_why_there_is_none) {
  recorder recorded;
  static_cast<void>(parwork::process(numbers(3), twice(), ignore(), {.record = &recorded}));
  const temporary_folder folder;
  if (!parwork::has_report()) {
    try {
      recorded.write_report(folder / "report.html");
      ADD_FAILURE();
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find("PARWORK_REPORT"), std::string::npos);
    }
    return;
  }
  recorded.write_report(folder / "report.html");
  const std::string page = text_of(folder / "report.html");
  const std::string begin = R"(<script type="application/json" id="run">)";
  const std::size_t from = page.find(begin) + begin.size();
  const json data = json::parse(page.substr(from, page.find("</script>", from) - from));
  EXPECT_EQ(data, data_of(recorded));
  EXPECT_THROW(recorded.write_report("/dev/full"), std::system_error);
}

// Source of the fields: the Trace Event Format.
TEST(recorder, trace_follows_the_trace_event_format) {
  recorder recorded;
  static_cast<void>(parwork::process(numbers(200),
                                     [](int item) {
                                       burn(5us);
                                       return item;
                                     },
                                     ignore(), {.workers = 2, .record = &recorded}));
  const json trace = trace_of(recorded);
  std::map<int, double> ends;
  std::map<std::string, int> counters;
  std::map<int, std::string> threads;
  for (const json& event : trace["traceEvents"]) {
    ASSERT_TRUE(event["name"].is_string());
    ASSERT_TRUE(event["pid"].is_number_integer());
    ASSERT_TRUE(event["tid"].is_number_integer());
    const std::string phase = event["ph"];
    if (phase == "X") {
      ASSERT_GE(event["dur"].get<double>(), 0);
      // One after the other: a viewer nests spans that overlap.
      ASSERT_GE(event["ts"].get<double>(), ends[event["tid"]] - 0.002);
      ends[event["tid"]] = event["ts"].get<double>() + event["dur"].get<double>();
    } else if (phase == "C") {
      ++counters[event["name"]];
      ASSERT_TRUE(event["args"]["value"].is_number());
    } else {
      ASSERT_EQ(phase, "M");
      if (event["name"] == "thread_name") threads[event["tid"]] = event["args"]["name"];
    }
  }
  EXPECT_EQ(threads, (std::map<int, std::string>{{1, "worker 0"}, {2, "worker 1"}}));
  EXPECT_GT(counters["in flight"], 0);
  EXPECT_EQ(counters["in flight"], counters["items per second"]);
}

}  // namespace
