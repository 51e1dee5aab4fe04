// What a recorder knows of items: failures, the slowest, names, attempts.
#include "parwork/recorder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "report/output_file.hpp"
#include "report/report.hpp"
#include "support/burn.hpp"
#include "support/elsewhere.hpp"
#include "support/recorded_data.hpp"
#include "support/run_parts.hpp"
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
using parwork_test::adding;
using parwork_test::burn;
using parwork_test::data_of;
using parwork_test::ignore;
using parwork_test::numbers;
using parwork_test::recorded_by;
using parwork_test::text_of;
using parwork_test::trace_of;
using parwork_test::twice;

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

TEST(recorder, asynchronous_spans_have_lanes_of_what_is_outstanding) {
  recorder recorded;
  parwork_test::elsewhere threads(3);
  const summary run = parwork::process(
      numbers(60),
      parwork::batched(
          [&](std::span<int> items, parwork::batch_completer<int> done) {
            threads.post([items, done = std::move(done)]() mutable {
              burn(100us);
              std::vector<std::expected<int, failure>> outcomes;
              for (const int item : items) {
                if (item % 6 == 0) {
                  outcomes.emplace_back(std::unexpect, failure_kind::error, "sixth");
                } else {
                  outcomes.emplace_back(item);
                }
              }
              done.finish(std::move(outcomes));
            });
          },
          4),
      [](const completion<int, int>&) {}, {.workers = 2, .queue = 20, .record = &recorded});
  EXPECT_EQ(run.failed, 10U);
  const json data = data_of(recorded);
  EXPECT_EQ(data["durations"]["count"], 60);  // each lasted as long as its span
  EXPECT_GE(data["durations"]["p50"].get<std::int64_t>(), 97'000);
  EXPECT_EQ(data["failures"]["total"], 10);
  std::uint64_t drawn = 0;
  for (const json& lane : data["lanes"]) {
    if (lane["kind"] == "slot") drawn += lane["items"].get<std::uint64_t>();
  }
  EXPECT_EQ(drawn, 60U);
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

}  // namespace
