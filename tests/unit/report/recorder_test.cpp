// What a recorder knows of a run, read from the data that the report is made of and from the trace.
#include "parwork/recorder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "report/output_file.hpp"
#include "report/report.hpp"
#include "support/elsewhere.hpp"
#include "support/recorded.hpp"
#include "support/runs.hpp"
#include "support/temporary_folder.hpp"

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using parwork::completion;
using parwork::failure;
using parwork::failure_kind;
using parwork::options;
using parwork::recorder;
using parwork::summary;
using parwork_test::numbers;
using parwork_test::recorded_by;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The page's data.
json data_of(recorder& by) {
  const temporary_folder folder;
  {
    parwork::detail::output_file out(folder / "data");
    parwork::detail::write_run_data(recorded_by(by), out);
    out.close();
  }
  return json::parse(text_of(folder / "data"));
}

json trace_of(const recorder& by) {
  const temporary_folder folder;
  by.write_trace(folder / "trace");
  return json::parse(text_of(folder / "trace"));
}

/// Work that takes so long by the clock.
void burn(std::chrono::nanoseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

auto twice() {
  return [](int item) { return 2 * item; };
}
auto ignore() {
  return [](int) {};
}

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

auto adding() {
  return parwork::reduce(
      0L, [](long& sum, int one) { sum += one; }, [](long& sum, long other) { sum += other; });
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
  const double whole = static_cast<double>(recorded_by(recorded).length()) * run.workers;
  EXPECT_NEAR(time["work"] / whole, run.work_share, 0.01);
  EXPECT_NEAR(time["generator"] / whole, run.generator_share, 0.01);
  EXPECT_NEAR(time["collector"] / whole, run.collector_share, 0.01);
  EXPECT_NEAR(time["idle"] / whole, run.idle_share, 0.01);
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

TEST(recorder, failures_are_grouped_by_kind_and_message_with_examples) {
  recorder recorded;
  static_cast<void>(parwork::process(
      numbers(100),
      [](int item) -> std::expected<int, failure> {
        if (item < 40) return std::unexpected(failure(failure_kind::error, "small"));
        if (item < 60) throw std::runtime_error("middle");
        return item;
      },
      [](const completion<int, int>&) {},
      {.workers = 2, .order = parwork::ordering::input, .record = &recorded}));
  const json failures = data_of(recorded)["failures"];
  EXPECT_EQ(failures["total"], 60);
  EXPECT_EQ(failures["other"], 0);
  ASSERT_EQ(failures["groups"].size(), 2U);
  EXPECT_EQ(failures["groups"][0]["kind"], "error");
  EXPECT_EQ(failures["groups"][0]["message"], "small");
  EXPECT_EQ(failures["groups"][0]["count"], 40);
  EXPECT_EQ(failures["groups"][1]["kind"], "exception");
  EXPECT_EQ(failures["groups"][1]["message"], "middle");
  EXPECT_EQ(failures["groups"][1]["count"], 20);
  ASSERT_EQ(failures["groups"][0]["examples"].size(), 5U);
  EXPECT_EQ(failures["groups"][0]["examples"][3]["name"], "3");
  EXPECT_EQ(failures["groups"][0]["examples"][3]["index"], 3);
}

TEST(recorder, failures_of_more_groups_than_are_kept_are_counted) {
  recorder recorded;
  static_cast<void>(parwork::process(
      numbers(1000),
      [](int item) -> std::expected<int, std::string> {
        return std::unexpected("number " + std::to_string(item));
      },
      [](const completion<int, int>&) {}, {.record = &recorded}));
  const json failures = data_of(recorded)["failures"];
  EXPECT_EQ(failures["total"], 1000);
  EXPECT_EQ(failures["groups"].size() + failures["other"].get<std::size_t>(), 1000U);
  EXPECT_LT(failures["groups"].size(), 1000U);
}

TEST(recorder, slowest_items_are_named_and_sorted) {
  recorder recorded;
  static_cast<void>(parwork::process(numbers(300),
                                     [](int item) {
                                       if (item % 10 == 3)
                                         burn(100us + std::chrono::microseconds(item));
                                       return item;
                                     },
                                     ignore(), {.workers = 2, .record = &recorded}));
  const json slowest = data_of(recorded)["slowest"];
  ASSERT_EQ(slowest.size(), 20U);
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  for (const json& each : slowest) {
    EXPECT_LE(each["duration"].get<std::int64_t>(), before);
    before = each["duration"];
    EXPECT_EQ(each["name"], std::to_string(each["index"].get<int>()));
  }
}

TEST(recorder, an_item_of_20_us_has_a_span_of_its_own) {
  recorder recorded;
  static_cast<void>(parwork::process(numbers(50),
                                     [](int item) {
                                       if (item == 17) burn(500us);
                                       return item;
                                     },
                                     ignore(), {.workers = 1, .record = &recorded}));
  int spans = 0;
  const json traceEvents = trace_of(recorded)["traceEvents"];
  for (const json& event : traceEvents) {
    if (event["ph"] != "X" || !event.contains("args") || event["args"].value("item", "") != "17")
      continue;
    ++spans;
    EXPECT_EQ(event["args"]["index"], 17);
    EXPECT_EQ(event["args"]["items"], 1);
    EXPECT_GE(event["dur"].get<double>(), 500);
  }
  EXPECT_EQ(spans, 1);
}

// --- Names ---

template <class Item>
std::string name_of_slowest(recorder& recorded, Item item) {
  bool given = false;
  static_cast<void>(parwork::process(
      [&]() -> std::optional<Item> {
        if (std::exchange(given, true)) return std::nullopt;
        return std::optional<Item>(std::move(item));
      },
      [](Item) { burn(50us); }, [] {}, {.workers = 1, .record = &recorded}));
  return data_of(recorded)["slowest"][0]["name"];
}

struct streamed {
  int value;
  friend std::ostream& operator<<(std::ostream& out, const streamed& s) {
    return out << "streamed " << s.value;
  }
};
struct nameless {
  int value;
};

TEST(recorder, items_are_named_by_what_they_are) {
  recorder recorded;
  EXPECT_EQ(name_of_slowest(recorded, std::string("text")), "text");
  EXPECT_EQ(name_of_slowest(recorded, std::filesystem::path("/a/b")), "/a/b");
  EXPECT_EQ(name_of_slowest(recorded, 42), "42");
  EXPECT_EQ(name_of_slowest(recorded, streamed{7}), "streamed 7");
  EXPECT_EQ(name_of_slowest(recorded, nameless{7}), "");
}

TEST(recorder, work_that_consumes_its_item_leaves_its_name) {
  recorder recorded;
  static_cast<void>(parwork::process(
      [given = false]() mutable -> std::optional<std::string> {
        if (std::exchange(given, true)) return std::nullopt;
        return "a text that is too long to be copied when it is moved";
      },
      [](std::string text) {
        burn(50us);
        return text.size();
      },
      [](std::size_t) {}, {.record = &recorded}));
  EXPECT_EQ(data_of(recorded)["slowest"][0]["name"],
            "a text that is too long to be copied when it is moved");
}

TEST(recorder, a_move_only_item_that_work_consumes_has_no_name) {
  recorder recorded;
  EXPECT_EQ(name_of_slowest(recorded, std::make_unique<int>(5)), "");
}

TEST(recorder, names_can_be_given_by_type) {
  recorder recorded;
  recorded.name_items<nameless>(
      [](const nameless& item) { return "number " + std::to_string(item.value); });
  EXPECT_EQ(name_of_slowest(recorded, nameless{7}), "number 7");
  EXPECT_EQ(name_of_slowest(recorded, 42), "42");
}

TEST(recorder, a_name_that_throws_is_left_out) {
  recorder recorded;
  recorded.name_items<int>([](const int&) -> std::string { throw std::runtime_error("no"); });
  EXPECT_EQ(name_of_slowest(recorded, 42), "");
}

TEST(recorder, a_null_name_is_refused) {
  recorder recorded;
  EXPECT_THROW(recorded.name_items<int>({}), std::invalid_argument);
}

TEST(recorder, hostile_text_cannot_end_the_script_that_holds_the_data) {
  const std::string hostile =
      "</script><b>\xE2\x80\xA8\"\\\x01\xFF\xC3(\xED\xA0\x80\xF4\x90\x80\x80";
  recorder recorded{{.title = hostile}};
  static_cast<void>(name_of_slowest(recorded, hostile));
  const temporary_folder folder;
  {
    parwork::detail::output_file out(folder / "data");
    parwork::detail::write_run_data(recorded_by(recorded), out);
    out.close();
  }
  const std::string text = text_of(folder / "data");
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(text.find("\xE2\x80\xA8"), std::string::npos);
  const std::string title = json::parse(text)["title"];
  EXPECT_EQ(title.substr(0, 12), "</script><b>");
  // Nine bytes that are no UTF-8 on their own, and one that is, the bracket.
  EXPECT_EQ(title.substr(12),
            "\xE2\x80\xA8\"\\\x01\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

// --- Attempts ---

TEST(recorder, retried_items_are_recorded_attempt_by_attempt_with_their_waits) {
  recorder recorded;
  const summary run =
      parwork::process(numbers(10),
                       [](int item, parwork::context& about) {
                         if (about.attempt() < 3) throw std::runtime_error("not yet");
                         return item;
                       },
                       ignore(),
                       {.workers = 2,
                        .retry = {.max_attempts = 3, .backoff = 1ms, .multiplier = 1, .jitter = 0},
                        .record = &recorded});
  EXPECT_EQ(run.retries, 20U);
  const json data = data_of(recorded);
  EXPECT_EQ(data["durations"]["count"], 30);
  EXPECT_EQ(data["failures"]["total"], 0);
  std::uint64_t failed = 0, waits = 0;
  std::int64_t waited = 0;
  for (const json& lane : data["lanes"]) {
    if (lane["kind"] == "backoff") {
      waits += lane["items"].get<std::uint64_t>();
      waited += lane["time"]["work"].get<std::int64_t>();
      continue;
    }
    for (const json& each : lane["slices"]["failed"]) failed += each.get<std::uint64_t>();
  }
  EXPECT_EQ(failed, 20U);
  EXPECT_EQ(waits, 20U);
  EXPECT_GE(waited, (20 * std::chrono::nanoseconds(900us)).count());
  parwork_test::expect_sound_lanes(recorded_by(recorded));
}

TEST(recorder, asynchronous_items_have_lanes_of_what_is_outstanding) {
  recorder recorded;
  parwork_test::elsewhere threads(3);
  static_cast<void>(parwork::process(
      numbers(60),
      [&](int item, parwork::completer<int> done) {
        threads.post([item, done = std::move(done)]() mutable {
          burn(100us);
          if (item % 6 == 0) {
            done.fail(failure(failure_kind::error, "sixth"));
          } else {
            done.succeed(item);
          }
        });
      },
      [](const completion<int, int>&) {}, {.workers = 2, .queue = 5, .record = &recorded}));
  const json data = data_of(recorded);
  EXPECT_EQ(data["durations"]["count"], 60);
  EXPECT_GE(data["durations"]["p50"].get<std::int64_t>(), 97'000);  // buckets are exact to 3 %
  EXPECT_EQ(data["failures"]["total"], 10);
  std::uint64_t drawn = 0, lanes = 0;
  for (const json& lane : data["lanes"]) {
    if (lane["kind"] != "slot") continue;
    ++lanes;
    drawn += lane["items"].get<std::uint64_t>();
  }
  EXPECT_EQ(drawn, 60U);
  EXPECT_LE(lanes, 5U);
  parwork_test::expect_sound_lanes(recorded_by(recorded));
}

TEST(recorder, items_that_the_generator_has_finished_are_no_attempts) {
  using item = parwork::prefinished<int, int>;
  recorder recorded;
  const summary run = parwork::process(
      [next = 0]() mutable -> std::optional<item> {
        if (next == 20) return std::nullopt;
        const int now = next++;
        if (now % 2 == 0) return item{now, std::expected<int, failure>(now), 1};
        return item{now};
      },
      twice(), ignore(), {.record = &recorded});
  EXPECT_EQ(run.succeeded, 20U);
  EXPECT_EQ(data_of(recorded)["durations"]["count"], 10);
}

TEST(recorder, spawned_items_are_recorded) {
  for (const bool reduced : {false, true}) {
    recorder recorded;
    const auto halve = [](int item, parwork::context& about) {
      if (item > 1) {
        about.spawn(item / 2);
        about.spawn(item - item / 2);
      }
      return 1;
    };
    auto sum = adding();
    const options chosen{.workers = 2, .record = &recorded};
    const summary run = reduced ? parwork::process(std::vector<int>{100}, halve, sum, chosen)
                                : parwork::process(std::vector<int>{100}, halve, ignore(), chosen);
    EXPECT_EQ(run.produced, 199U);
    EXPECT_EQ(data_of(recorded)["durations"]["count"], 199);
    parwork_test::expect_sound_lanes(recorded_by(recorded));
  }
}

TEST(recorder, threads_of_generator_and_collector_have_lanes) {
  recorder recorded;
  static_cast<void>(parwork::process(numbers(50), twice(), ignore(),
                                     {.workers = 2,
                                      .generator_runs_on = parwork::runs_on::own_thread,
                                      .collector_runs_on = parwork::runs_on::own_thread,
                                      .record = &recorded}));
  std::map<std::string, int> kinds;
  const json lanes = data_of(recorded)["lanes"];
  for (const json& lane : lanes) ++kinds[lane["kind"]];
  EXPECT_EQ(kinds, (std::map<std::string, int>{{"collector", 1}, {"generator", 1}, {"worker", 2}}));
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
