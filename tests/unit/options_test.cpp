// Bad values are refused before anything starts; good ones at the edge are not.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::options;
using parwork::process;
using parwork::retry_policy;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// A bad value: the options that hold it, and what the message must name.
struct bad_value {
  const char* field;
  const char* value;
  options chosen;
};

options with_retry(retry_policy retry) { return {.retry = std::move(retry)}; }

std::vector<bad_value> bad_values() {
  return {
      {"workers", "4097", {.workers = 4097}},
      {"workers", "4294967295", {.workers = std::numeric_limits<unsigned>::max()}},
      {"queue", "1099511627777", {.queue = (std::size_t{1} << 40) + 1}},
      {"timeout", "-1", {.timeout = -1ns}},
      {"progress_every", "-1", {.progress_every = -1ns}},
      {"max_attempts", "0", with_retry({.max_attempts = 0})},
      {"backoff", "-1", with_retry({.backoff = -1ns})},
      {"max_backoff", "-1", with_retry({.max_backoff = -1ns})},
      {"multiplier", "0.5", with_retry({.multiplier = 0.5})},
      {"multiplier", "-2", with_retry({.multiplier = -2})},
      {"multiplier", "nan", with_retry({.multiplier = nan})},
      {"jitter", "1.5", with_retry({.jitter = 1.5})},
      {"jitter", "-0.5", with_retry({.jitter = -0.5})},
      {"jitter", "nan", with_retry({.jitter = nan})},
  };
}

/// Runs `call`, which must throw, and checks that the message names field and value.
void expect_refused(const std::string& field, const std::string& value, auto&& call) {
  SCOPED_TRACE(field + " = " + value);
  try {
    call();
    FAIL() << "nothing was thrown";
  } catch (const std::invalid_argument& thrown) {
    const std::string message = thrown.what();
    EXPECT_NE(message.find(field), std::string::npos) << message;
    EXPECT_NE(message.find(value), std::string::npos) << message;
  }
}

TEST(options, every_bad_value_is_refused_by_name_before_the_first_generator_call) {
  for (const bad_value& bad : bad_values()) {
    int calls = 0;
    expect_refused(bad.field, bad.value, [&] {
      (void)process(
          [&]() -> std::optional<int> {
            ++calls;
            return std::nullopt;
          },
          [&](int) { ++calls; }, [&](completion<int, void>) { ++calls; }, bad.chosen);
    });
    EXPECT_EQ(calls, 0);
  }
}

TEST(options, bad_values_are_refused_for_ranges_and_reduce_too) {
  auto count = parwork::reduce(
      0, [](int& total) { ++total; }, [](int& total, int other) { total += other; });
  const std::vector<int> values{1, 2, 3};
  for (const bad_value& bad : bad_values()) {
    expect_refused(bad.field, bad.value,
                   [&] { (void)process(parwork::split(values), [](int) {}, count, bad.chosen); });
  }
  EXPECT_EQ(count.value(), 0);
}

// Null callables

template <class Call>
void expect_null_refused(const std::string& field, Call&& call) {
  expect_refused(field, "null", std::forward<Call>(call));
}

TEST(options, a_null_generator_is_refused) {
  const auto work = [](int) { ADD_FAILURE(); };
  const auto collector = [](completion<int, void>) { ADD_FAILURE(); };
  expect_null_refused(
      "generator", [&] { (void)process(std::function<std::optional<int>()>(), work, collector); });
  expect_null_refused("generator", [&] {
    (void)process(std::move_only_function<std::optional<int>()>(), work, collector);
  });
  expect_null_refused("generator", [&] {
    std::optional<int> (*none)() = nullptr;
    (void)process(none, work, collector);
  });
}

TEST(options, null_work_is_refused_before_the_first_generator_call) {
  const auto generator = []() -> std::optional<int> {
    ADD_FAILURE();
    return std::nullopt;
  };
  const auto collector = [](completion<int, void>) { ADD_FAILURE(); };
  expect_null_refused("work",
                      [&] { (void)process(generator, std::function<void(int)>(), collector); });
  expect_null_refused("work", [&] {
    (void)process(generator, std::function<void(int, parwork::completer<void>)>(), collector);
  });
  expect_null_refused("work", [&] {
    void (*none)(int) = nullptr;
    (void)process(generator, none, collector);
  });
}

TEST(options, a_null_collector_is_refused_before_the_first_generator_call) {
  const auto generator = []() -> std::optional<int> {
    ADD_FAILURE();
    return std::nullopt;
  };
  const auto work = [](int item) { return item; };
  expect_null_refused("collector",
                      [&] { (void)process(generator, work, std::function<void(int)>()); });
  expect_null_refused("collector", [&] {
    (void)process(generator, work, std::function<void(completion<int, int>)>());
  });
  expect_null_refused("collector", [&] {
    void (*none)(int) = nullptr;
    (void)process(generator, work, none);
  });
}

TEST(options, null_callables_within_adapters_are_refused) {
  const auto generator = []() -> std::optional<int> {
    ADD_FAILURE();
    return std::nullopt;
  };
  const auto collector = [](completion<int, int>) { ADD_FAILURE(); };
  EXPECT_THROW((void)process(
                   generator,
                   parwork::per_worker(std::function<int()>(), [](int&, int item) { return item; }),
                   collector),
               std::invalid_argument);
  EXPECT_THROW((void)process(generator,
                             parwork::per_worker([] { return 1; }, std::function<int(int&, int)>()),
                             collector),
               std::invalid_argument);
  auto without_fold = parwork::reduce(0, std::function<int(int, int)>(),
                                      [](int& total, int other) { total += other; });
  EXPECT_THROW(
      (void)process(generator, [](int item) { return item; }, without_fold), std::invalid_argument);
  auto without_merge =
      parwork::reduce(0, [](int& total, int one) { total += one; }, std::function<int(int, int)>());
  EXPECT_THROW((void)process(
                   generator, [](int item) { return item; }, without_merge),
               std::invalid_argument);
}

TEST(options, empty_functions_among_the_options_mean_none) {
  const auto run = process(
      numbers(10), [](int) {}, [](completion<int, void>) {},
      {.retry = {.max_attempts = 2, .retry_if = {}}, .on_progress = {}});
  expect_counts(run, 10);
}

// Good values

TEST(options, values_at_the_edge_are_accepted) {
  const std::vector<options> edges{
      {.queue = std::size_t{1} << 40},
      {.queue = 1},
      {.timeout = std::chrono::nanoseconds::max()},
      {.progress_every = 0ns},
      with_retry({.max_attempts = std::numeric_limits<unsigned>::max()}),
      with_retry({.max_attempts = 2, .backoff = 0ns, .multiplier = 1.0, .max_backoff = 0ns}),
      with_retry({.max_attempts = 2, .jitter = 0.0}),
      with_retry({.max_attempts = 2, .jitter = 1.0}),
  };
  for (const options& edge : edges) {
    gathered<int, int> done;
    const auto run = process(
        numbers(20),
        [](int item, parwork::context& ctx) {
          if (ctx.attempt() == 1 && item == 3) throw std::runtime_error("once");
          return item;
        },
        done.collector(), edge);
    EXPECT_EQ(run.produced, 20u);
    EXPECT_GE(run.succeeded, 19u);
  }
}

TEST(options, a_zero_means_the_default) {
  const auto run =
      process(numbers(10), [](int) {}, [](completion<int, void>) {}, {.workers = 0, .queue = 0});
  EXPECT_EQ(run.workers, parwork::default_pool().size());
}

TEST(options, may_be_left_out) {
  expect_counts(process(numbers(10), [](int) {}, [] {}), 10);
}

TEST(options, a_duration_beyond_nanoseconds_is_the_longest) {
  EXPECT_EQ(parwork::time_span(std::chrono::hours::max()), std::chrono::nanoseconds::max());
  EXPECT_EQ(parwork::time_span(std::chrono::hours::min()), std::chrono::nanoseconds::min());
  EXPECT_EQ(parwork::time_span(std::chrono::duration<short>(2)), std::chrono::seconds(2));
}

TEST(options, the_longest_durations_never_come) {
  constexpr auto longest = std::chrono::nanoseconds::max();
  int calls = 0;
  int attempts = 0;
  const auto summary = parwork::process(
      std::vector<int>{1},
      [&](int) {
        if (++attempts == 1) throw std::runtime_error("once");
      },
      [] {},
      {.retry = {.max_attempts = 2, .max_backoff = longest},
       .timeout = longest,
       .on_progress = [&](const parwork::progress&) { ++calls; },
       .progress_every = longest});
  EXPECT_EQ(summary.succeeded, 1U);
  EXPECT_EQ(calls, 1);  // the one at the end
}

}  // namespace
