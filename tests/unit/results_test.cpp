// Runs that are loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <ranges>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::failure_kind;
using parwork::options;
using parwork::ordering;
using parwork::runs_on;
using parwork::summary;

int twice_of(int item) { return 2 * item; }

using plain_results = decltype(parwork::results(numbers(1), twice_of));
static_assert(std::ranges::input_range<plain_results>);
static_assert(std::movable<plain_results> && !std::copyable<plain_results>);
static_assert(
    std::same_as<std::ranges::range_value_t<plain_results>, parwork::completion<int, int>>);

TEST(results, come_in_the_order_of_the_options) {
  for (const unsigned workers : {1U, 2U, 5U}) {
    std::vector<int> seen;
    auto all =
        parwork::results(numbers(1000), twice_of, {.workers = workers, .order = ordering::input});
    for (const auto& done : all) {
      EXPECT_EQ(done.index, seen.size());
      EXPECT_EQ(done.result.value(), 2 * done.item);
      seen.push_back(done.item);
    }
    EXPECT_TRUE(std::ranges::equal(seen, std::views::iota(0, 1000)));
    const summary came_to = all.summary();
    EXPECT_EQ(came_to.succeeded, 1000U);
    EXPECT_FALSE(came_to.stopped);

    long sum = 0;
    for (auto& done : parwork::results(numbers(1000), twice_of, {.workers = workers})) {
      sum += done.result.value();
    }
    EXPECT_EQ(sum, 999'000);
  }
}

TEST(results, begin_with_the_loop) {
  int calls = 0;
  auto all = parwork::results(
      [&]() -> std::optional<int> { return calls < 3 ? std::optional(calls++) : std::nullopt; },
      twice_of, {.workers = 1});
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(all.summary().produced, 0U) << "it never began";
  EXPECT_EQ(std::ranges::distance(all), 3);
  EXPECT_EQ(calls, 3);
}

TEST(results, of_nothing_are_none) {
  auto all = parwork::results(numbers(0), twice_of);
  EXPECT_TRUE(all.begin() == all.end());
  EXPECT_EQ(all.summary().produced, 0U);
}

TEST(results, the_looping_thread_works_while_nothing_is_finished) {
  const auto here = std::this_thread::get_id();
  for (const auto& done : parwork::results(
           numbers(10), [](int) { return std::this_thread::get_id(); }, {.workers = 1})) {
    EXPECT_EQ(done.result.value(), here);
  }
}

// A finished item is not to wait for items that the looping thread has begun to work through.
TEST(results, go_before_the_rest_of_a_batch) {
  std::uint64_t seen = 0;
  std::uint64_t worked = 0;
  std::uint64_t most_ahead = 0;
  for (const auto& done :
       parwork::results(numbers(100'000), [&](int item) { return ++worked, item; },
                        {.workers = 1, .queue = 100'000})) {
    static_cast<void>(done);
    ++seen;
    most_ahead = std::max(most_ahead, worked - seen);
  }
  EXPECT_EQ(seen, 100'000U);
  EXPECT_LT(most_ahead, 50'000U);
}

TEST(results, are_in_flight_until_the_loop_goes_on) {
  std::atomic<std::uint64_t> produced{0};
  std::uint64_t gone = 0;
  auto all = parwork::results(
      [&]() -> std::optional<int> {
        return produced < 500 ? std::optional(static_cast<int>(produced++)) : std::nullopt;
      },
      twice_of, {.workers = 3, .queue = 4});
  for (const auto& done : all) {
    EXPECT_TRUE(done.result.has_value());
    EXPECT_LE(produced.load(), gone + 4);
    ++gone;
  }
  EXPECT_EQ(gone, 500U);
  EXPECT_LE(all.summary().peak_in_flight, 4U);
}

TEST(results, hold_the_memory_of_their_items) {
  auto all = parwork::results(parwork::weighed(numbers(300), [](int) { return 10U; }), twice_of,
                              {.workers = 3, .memory = 50});
  EXPECT_EQ(std::ranges::distance(all), 300);
  EXPECT_LE(all.summary().peak_memory, 50U);
}

TEST(results, come_while_the_generator_waits_for_the_loop) {
  for (const runs_on where : {runs_on::workers, runs_on::own_thread}) {
    for (const ordering order : {ordering::completion, ordering::input}) {
      tally seen;
      auto all = parwork::results(
          [&, next = 0]() mutable -> std::optional<int> {
            seen.wait_for(static_cast<std::uint64_t>(next));
            return next < 200 ? std::optional(next++) : std::nullopt;
          },
          twice_of, {.workers = 2, .order = order, .generator_runs_on = where});
      for (const auto& done : all) {
        EXPECT_TRUE(done.result.has_value());
        seen.add();
      }
      EXPECT_EQ(all.summary().succeeded, 200U);
    }
  }
}

TEST(results, of_a_generator_on_the_caller) {
  const auto here = std::this_thread::get_id();
  auto all = parwork::results(
      [&, next = 0]() mutable -> std::optional<int> {
        EXPECT_EQ(std::this_thread::get_id(), here);
        return next < 5000 ? std::optional(next++) : std::nullopt;
      },
      twice_of, {.workers = 3, .generator_runs_on = runs_on::caller});
  EXPECT_EQ(std::ranges::distance(all), 5000);
}

TEST(results, collector_runs_on_has_no_effect) {
  for (const runs_on where : {runs_on::workers, runs_on::own_thread, runs_on::caller}) {
    auto all =
        parwork::results(numbers(1000), twice_of, {.workers = 2, .collector_runs_on = where});
    EXPECT_EQ(std::ranges::distance(all), 1000);
  }
}

// --- With the other forms ---

TEST(results, of_every_form_of_work) {
  const options chosen{.workers = 3};
  const auto sum_of = [](auto&& range) {
    long sum = 0;
    for (const auto& done : range) sum += done.result.value();
    return sum;
  };
  const auto plain = [](int item) { return item; };
  EXPECT_EQ(sum_of(parwork::results(
                numbers(100), parwork::keyed(plain, [](int item) { return item % 3; }), chosen)),
            4950);
  EXPECT_EQ(sum_of(parwork::results(numbers(100),
                                    parwork::stages(plain, parwork::limited(plain, 1)), chosen)),
            4950);
  EXPECT_EQ(
      sum_of(parwork::results(
          numbers(100), parwork::per_worker([] { return 0; }, [](int&, int item) { return item; }),
          chosen)),
      4950);
  EXPECT_EQ(sum_of(parwork::results(
                numbers(100), [](int item, parwork::completer<int> done) { done.succeed(item); },
                chosen)),
            4950);
  EXPECT_EQ(sum_of(parwork::results(numbers(100), parwork::batched([](std::span<int> items) {
                                      return std::vector<int>(items.begin(), items.end());
                                    }),
                                    chosen)),
            4950);
  std::vector<int> input(100, 2);
  EXPECT_EQ(sum_of(parwork::results(parwork::split(input), plain, chosen)), 200);
  EXPECT_EQ(sum_of(parwork::results(
                parwork::refs(input), [](int& item) { return ++item; }, chosen)),
            300);
  EXPECT_EQ(input, std::vector<int>(100, 3));
}

TEST(results, of_items_that_work_adds) {
  int seen = 0;
  auto all = parwork::results(std::vector{10},
                              [](int depth, parwork::context& its) {
                                if (depth > 0) {
                                  its.spawn(depth - 1);
                                  its.spawn(depth - 1);
                                }
                                return depth;
                              },
                              {.workers = 3});
  for (const auto& done : all) seen += done.result.has_value() ? 1 : 0;
  EXPECT_EQ(seen, 2047);
}

TEST(results, inside_of_work) {
  std::atomic<int> seen{0};
  const summary came_to = parwork::process(
      numbers(20),
      [&](int) {
        for (const auto& done : parwork::results(numbers(100), twice_of)) {
          seen += done.result.has_value() ? 1 : 0;
          if (done.index == 90) break;
        }
      },
      [](parwork::completion<int, void> done) { EXPECT_TRUE(done.result.has_value()); },
      {.workers = 3});
  EXPECT_EQ(came_to.succeeded, 20U);
  EXPECT_GT(seen, 0);
}

TEST(results, of_a_run_that_is_paused_and_resumed) {
  parwork::run_control control;
  control.pause();
  auto all = parwork::results(numbers(100), twice_of, {.workers = 2, .control = &control});
  std::jthread resumer([&] { control.resume(); });
  int seen = 0;
  for (const auto& done : all) {
    if (++seen == 50) {
      control.pause();
      EXPECT_TRUE(done.result.has_value());
      control.resume();
    }
  }
  EXPECT_EQ(seen, 100);
}

TEST(results, are_recorded) {
  parwork::recorder recorder;
  auto all = parwork::results(numbers(100), twice_of, {.workers = 2, .record = &recorder});
  EXPECT_EQ(std::ranges::distance(all), 100);
  EXPECT_EQ(all.summary().succeeded, 100U);
}

TEST(results, retried_ones_come_once) {
  std::atomic<int> attempts{0};
  auto all =
      parwork::results(numbers(50),
                       [&](int item, parwork::context& its) {
                         ++attempts;
                         if (its.attempt() == 1) throw std::runtime_error("first");
                         return item;
                       },
                       {.workers = 2, .order = ordering::input, .retry = {.max_attempts = 2}});
  int next = 0;
  for (const auto& done : all) {
    EXPECT_EQ(done.item, next++);
    EXPECT_EQ(done.attempts, 2U);
    EXPECT_TRUE(done.result.has_value());
  }
  EXPECT_EQ(attempts, 100);
}

// The loop's own time is the collector's.
TEST(results, a_slow_body_is_told) {
  auto all = parwork::results(numbers(20), twice_of, {.workers = 2});
  for (const auto& done : all) {
    static_cast<void>(done);
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(3);
    while (std::chrono::steady_clock::now() < until) {
    }
  }
  EXPECT_GT(all.summary().collector_share, all.summary().work_share);
}

}  // namespace
