// Loops over runs that are left early, moved, or end by a failure.
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

int doubled(int item) { return 2 * item; }

// --- Leaving the loop ---

TEST(results_end, leaving_the_loop_stops_the_run_and_waits) {
  std::atomic<int> inside{0};
  std::atomic<int> worked{0};
  for (const auto& done : parwork::results(std::views::iota(0),
                                           [&](int item) {
                                             ++inside;
                                             ++worked;
                                             --inside;
                                             return item;
                                           },
                                           {.workers = 3})) {
    if (done.index > 100) break;
  }
  EXPECT_EQ(inside, 0);
  const int then = worked;
  std::this_thread::yield();
  EXPECT_EQ(worked, then);
}

TEST(results_end, a_body_that_throws_stops_the_run) {
  auto held = std::make_shared<int>(0);
  const auto loop = [&] {
    for (const auto& done :
         parwork::results(std::views::iota(0), [held](int item) { return item; }, {.workers = 2})) {
      if (done.index >= 10) throw std::runtime_error("body");
    }
  };
  EXPECT_THROW(loop(), std::runtime_error);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(results_end, a_range_with_a_name_lives_on) {
  auto all = parwork::results(numbers(1000), doubled, {.workers = 2, .order = ordering::input});
  for (const auto& done : all) {
    if (done.item == 10) break;
  }
  int next = 10;  // it was not gone over
  for (const auto& done : all) EXPECT_EQ(done.item, next++);
  EXPECT_EQ(next, 1000);
  EXPECT_EQ(all.summary().succeeded, 1000U);
  EXPECT_TRUE(all.begin() == all.end());
}

TEST(results_end, a_summary_before_the_end_stops_the_run) {
  auto all = parwork::results(std::views::iota(0), doubled, {.workers = 2});
  auto place = all.begin();
  ++place;
  const summary came_to = all.summary();
  EXPECT_TRUE(came_to.stopped);
  EXPECT_GE(came_to.produced, 2U);
  EXPECT_EQ(came_to.produced, came_to.succeeded + came_to.failed + came_to.cancelled);
  EXPECT_TRUE(place == all.end());
  EXPECT_EQ(all.summary().produced, came_to.produced);
}

TEST(results_end, may_move_while_they_go_on) {
  auto first = parwork::results(numbers(1000), doubled, {.workers = 2});
  auto place = first.begin();
  auto second = std::move(first);
  std::jthread([&] {
    for (int i = 0; i < 500; ++i) ++place;
  }).join();
  EXPECT_EQ(std::ranges::distance(second), 500);
  second = parwork::results(numbers(10), doubled);
  EXPECT_EQ(std::ranges::distance(second), 10);
}

TEST(results_end, keep_rvalues_and_refer_to_lvalues) {
  const auto make = [](std::vector<int>& referred) {
    return parwork::results(referred,
                            [kept = std::make_unique<int>(3)](int item) { return item * *kept; });
  };
  std::vector<int> referred{1, 2};
  auto all = make(referred);
  referred.push_back(3);
  int sum = 0;
  for (const auto& done : all) sum += done.result.value();
  EXPECT_EQ(sum, 18);
  EXPECT_EQ(std::ranges::distance(parwork::results(std::vector{1, 2, 3}, doubled)), 3);
}

TEST(results_end, go_through_views) {
  auto even = parwork::results(numbers(100), doubled, {.workers = 2, .order = ordering::input}) |
              std::views::filter([](const auto& done) { return done.item % 2 == 0; }) |
              std::views::transform([](const auto& done) { return done.result.value(); });
  int next = 0;
  for (const int value : even) {
    EXPECT_EQ(value, next);
    next += 4;
  }
  EXPECT_EQ(next, 200);
}

TEST(results_end, of_one_that_was_moved_from_is_an_error) {
  auto first = parwork::results(numbers(3), doubled);
  auto second = std::move(first);
  EXPECT_THROW(static_cast<void>(first.begin()),
               std::logic_error);  // NOLINT(bugprone-use-after-move)
  EXPECT_THROW(static_cast<void>(first.summary()), std::logic_error);
  EXPECT_EQ(std::ranges::distance(second), 3);
}

// --- What fails ---

TEST(results_end, what_the_generator_throws_comes_behind_the_items) {
  for (const int count : {0, 1, 500}) {
    for (const ordering order : {ordering::completion, ordering::input}) {
      auto all = parwork::results(
          [count, next = 0]() mutable -> std::optional<int> {
            if (next == count) throw std::runtime_error("generator");
            return next++;
          },
          doubled, {.workers = 2, .order = order});
      int seen = 0;
      const auto loop = [&] {
        for (const auto& done : all) seen += done.result.has_value() ? 1 : 0;
      };
      EXPECT_THROW(loop(), std::runtime_error);
      EXPECT_EQ(seen, count);
      EXPECT_THROW(static_cast<void>(all.summary()), std::runtime_error);
      EXPECT_TRUE(all.begin() == all.end());
    }
  }
}

TEST(results_end, failures_are_values) {
  auto all = parwork::results(numbers(100),
                              [](int item) {
                                if (item % 10 == 0) throw std::runtime_error("tenth");
                                return item;
                              },
                              {.workers = 2});
  int failed = 0;
  for (const auto& done : all) {
    if (done.result) continue;
    ++failed;
    EXPECT_EQ(done.item % 10, 0);
    EXPECT_EQ(done.result.error().message(), "tenth");
  }
  EXPECT_EQ(failed, 10);
  EXPECT_EQ(all.summary().failed, 10U);
}

TEST(results_end, behind_a_failure_that_stops_nothing_succeeds) {
  auto all = parwork::results(
      numbers(1000),
      [](int item) {
        if (item == 50) throw std::runtime_error("fiftieth");
        return item;
      },
      {.workers = 2, .order = ordering::input, .on_failure = parwork::failure_policy::stop});
  for (const auto& done : all) EXPECT_EQ(done.result.has_value(), done.item < 50);
  EXPECT_TRUE(all.summary().stopped);
}

TEST(results_end, what_a_stop_kept_from_its_attempt_arrives_as_cancelled) {
  std::stop_source stop;
  auto all =
      parwork::results(std::views::iota(0), doubled, {.workers = 2, .stop = stop.get_token()});
  std::uint64_t seen = 0;
  for (const auto& done : all) {
    if (!done.result) {
      EXPECT_EQ(done.result.error().kind(), failure_kind::cancelled);
    }
    if (++seen == 100) stop.request_stop();
  }
  const summary came_to = all.summary();
  EXPECT_TRUE(came_to.stopped);
  EXPECT_EQ(came_to.produced, seen);
}

TEST(results_end, options_are_checked_at_once) {
  EXPECT_THROW(static_cast<void>(parwork::results(numbers(1), doubled, {.workers = 100'000})),
               std::invalid_argument);
  EXPECT_THROW(static_cast<void>(parwork::results(numbers(1), doubled, {.memory = 1})),
               std::invalid_argument);
  int (*const null)(int) = nullptr;
  EXPECT_THROW(static_cast<void>(parwork::results(numbers(1), null)), std::invalid_argument);
}

TEST(results_end, a_control_in_use_is_refused_when_the_loop_begins) {
  parwork::run_control control;
  auto first = parwork::results(numbers(10), doubled, {.control = &control});
  auto second = parwork::results(numbers(10), doubled, {.control = &control});
  auto place = first.begin();
  EXPECT_THROW(static_cast<void>(second.begin()), std::logic_error);
  static_cast<void>(first.summary());
  EXPECT_TRUE(place == first.end());
  EXPECT_EQ(std::ranges::distance(second), 10);
}

TEST(results_end, loops_that_end_anywhere) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](unsigned most) {
    return std::uniform_int_distribution<unsigned>(0, most - 1)(random);
  };
  for (int round = 0; round < 300; ++round) {
    const unsigned count = below(300);
    const unsigned leave_at = below(400);
    const options chosen{.workers = 1 + below(4),
                         .queue = below(3) == 0 ? 1 + below(10) : 0,
                         .order = below(2) == 0 ? ordering::input : ordering::completion,
                         .generator_runs_on = below(2) == 0 ? runs_on::workers : runs_on::caller};
    auto all = parwork::results(numbers(static_cast<int>(count)), doubled, chosen);
    unsigned seen = 0;
    for (const auto& done : all) {
      EXPECT_TRUE(done.result.has_value());
      if (++seen == leave_at) break;
    }
    const summary came_to = all.summary();
    EXPECT_EQ(came_to.produced, came_to.succeeded + came_to.cancelled);
    EXPECT_GE(came_to.produced, seen);
    if (leave_at > count || leave_at == 0) {
      EXPECT_EQ(seen, count);
    }
  }
}

}  // namespace
