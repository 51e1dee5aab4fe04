// What the summary of a run says: counts, bounds, the verdict and the shares.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::bottleneck;
using parwork::completion;
using parwork::context;
using parwork::ordering;
using parwork::process;

class summary_run_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, summary_run_sweep, sweep_values(), sweep_name);

/// Load that takes time and no CPU, so that verdicts do not depend on who else uses the machine.
void load(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

// Counts

TEST_P(summary_run_sweep, counts_add_up_for_successes_failures_and_retries) {
  auto chosen = options();
  chosen.retry.max_attempts = 2;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  const auto run = process(
      counted_items(400),
      [](const counted& item, context& ctx) {
        if (item.id() % 4 == 0 || (item.id() % 4 == 1 && ctx.attempt() == 1)) {
          throw std::runtime_error("no");
        }
      },
      [&](completion<counted, void> done) { ++(done.result ? succeeded : failed); }, chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 300, 100);
  EXPECT_EQ(succeeded, 300u);
  EXPECT_EQ(failed, 100u);
  EXPECT_EQ(run.retries, 200u);
}

TEST(summary_run, workers_are_those_that_were_asked_for) {
  for (const unsigned workers : {1u, 2u, 5u}) {
    const auto run =
        process(numbers(10), [](int) {}, [](completion<int, void>) {}, {.workers = workers});
    EXPECT_EQ(run.workers, workers);
  }
}

TEST(summary_run, wall_covers_the_run) {
  const auto start = std::chrono::steady_clock::now();
  const auto run = process(numbers(3), [](int) { load(2ms); }, [] {}, {.workers = 1});
  EXPECT_GE(run.wall, 6ms);
  EXPECT_LE(run.wall, std::chrono::steady_clock::now() - start);
}

TEST(summary_run, without_failures_there_is_no_first_failure) {
  const auto run = process(numbers(3), [](int) {}, [] {});
  EXPECT_FALSE(run.first_failure);
  EXPECT_FALSE(run.stopped);
}

// In flight

TEST_P(summary_run_sweep, never_more_than_queue_items_are_in_flight_behind_a_slow_item) {
  // Items are taken while another one is worked on, until the queue is full.
  std::atomic<std::int64_t> in_flight = 0;
  std::atomic<std::int64_t> worst = 0;
  for (const ordering order : {ordering::completion, ordering::input}) {
    auto chosen = options();
    chosen.order = order;
    const auto run = process(
        [&, next = 0]() mutable -> std::optional<counted> {
          if (next == 500) return std::nullopt;
          const std::int64_t now = ++in_flight;
          if (now > worst) worst = now;
          return counted(static_cast<std::uint64_t>(next++));
        },
        [](const counted& item) {
          if (item.id() % 100 == 0) std::this_thread::yield();
        },
        [&](completion<counted, void>) { --in_flight; }, chosen);
    expect_consistent(run, chosen);
    expect_counts(run, 500);
    EXPECT_LE(worst, static_cast<std::int64_t>(queue()));
    EXPECT_GE(run.peak_in_flight, 1u);
  }
}

TEST_P(summary_run_sweep, a_slow_collector_holds_the_generator_at_the_queue) {
  // A completion lives until its call has returned, so the item collected counts too.
  std::atomic<std::int64_t> taken = 0;
  std::int64_t collected = 0;
  const auto run = process(
      [&]() -> std::optional<counted> {
        if (taken == 300) return std::nullopt;
        return counted(static_cast<std::uint64_t>(taken++));
      },
      [](const counted&) {},
      [&](completion<counted, void>) {
        std::this_thread::yield();
        EXPECT_LE(taken - collected, static_cast<std::int64_t>(queue()));
        ++collected;
      },
      options());
  expect_consistent(run, options());
  expect_counts(run, 300);
}

TEST(summary_run, the_queue_fills_up_behind_a_slow_item_and_no_further) {
  for (const std::size_t queue : {std::size_t{3}, std::size_t{50}}) {
    std::atomic<std::size_t> taken = 0;
    tally worked;
    std::size_t seen = 0;
    const auto run = process(
        [&, next = 0]() mutable -> std::optional<int> {
          if (next == 500) return std::nullopt;
          ++taken;
          return next++;
        },
        [&](int item) {
          if (item == 0) {
            worked.wait_for(queue - 1);
            seen = taken;
          } else {
            worked.add();
          }
        },
        [](completion<int, void>) {}, {.workers = 2, .queue = queue, .order = ordering::input});
    expect_counts(run, 500);
    EXPECT_EQ(seen, queue) << "item 0 was in flight all the time";
    EXPECT_EQ(run.peak_in_flight, queue);
  }
}

TEST(summary_run, a_queue_that_is_set_does_not_grow_behind_a_slow_item) {
  tally worked;
  const auto run = process(
      numbers(1000),
      [&](int item) {
        if (item == 0) {
          worked.wait_for(299);
        } else {
          worked.add();
        }
      },
      [](completion<int, void>) {}, {.workers = 3, .queue = 300, .order = ordering::input});
  expect_counts(run, 1000);
  EXPECT_EQ(run.peak_in_flight, 300u);
}

// Verdict and shares

void expect_shares_about_1(const parwork::summary& run) {
  const double sum = run.generator_share + run.work_share + run.collector_share + run.idle_share;
  EXPECT_GT(sum, 0.85);
  EXPECT_LT(sum, 1.15);
}

TEST(summary_run, a_slow_generator_is_what_limits_the_run) {
  const auto run = process(
      [next = 0]() mutable -> std::optional<int> {
        load(10ms);
        return next < 20 ? std::optional(next++) : std::nullopt;
      },
      [](int) {}, [](completion<int, void>) {}, {.workers = 2});
  EXPECT_EQ(run.bound, bottleneck::generator);
  EXPECT_GT(run.generator_share, 0.4);
  expect_shares_about_1(run);
}

TEST(summary_run, a_slow_collector_is_what_limits_the_run) {
  const auto run =
      process(numbers(20), [](int) {}, [](completion<int, void>) { load(10ms); }, {.workers = 2});
  EXPECT_EQ(run.bound, bottleneck::collector);
  EXPECT_GT(run.collector_share, 0.4);
  expect_shares_about_1(run);
}

TEST(summary_run, busy_workers_are_what_limits_the_run) {
  for (const unsigned workers : {1u, 2u}) {
    const auto run = process(
        numbers(40), [](int) { load(10ms); }, [](completion<int, void>) {}, {.workers = workers});
    EXPECT_EQ(run.bound, bottleneck::work) << workers << " workers";
    EXPECT_GT(run.work_share, 0.8);
    expect_shares_about_1(run);
  }
}

TEST(summary_run, a_run_that_nothing_limits_alone_is_balanced) {
  const auto run = process(
      [next = 0]() mutable -> std::optional<int> {
        load(4ms);
        return next < 15 ? std::optional(next++) : std::nullopt;
      },
      [](int) { load(4ms); }, [](completion<int, void>) { load(4ms); }, {.workers = 1});
  EXPECT_EQ(run.bound, bottleneck::balanced);
  EXPECT_GT(run.generator_share, 0.2);
  EXPECT_GT(run.work_share, 0.2);
  EXPECT_GT(run.collector_share, 0.2);
  expect_shares_about_1(run);
}

TEST(summary_run, slow_parts_on_threads_of_their_own_are_found_too) {
  const auto by_generator = process(
      [next = 0]() mutable -> std::optional<int> {
        load(10ms);
        return next < 20 ? std::optional(next++) : std::nullopt;
      },
      [](int) {}, [](completion<int, void>) {},
      {.workers = 2, .generator_runs_on = parwork::runs_on::own_thread});
  EXPECT_EQ(by_generator.bound, bottleneck::generator);
  const auto by_collector = process(
      numbers(20), [](int) {}, [](completion<int, void>) { load(10ms); },
      {.workers = 2, .collector_runs_on = parwork::runs_on::own_thread});
  EXPECT_EQ(by_collector.bound, bottleneck::collector);
}

}  // namespace
