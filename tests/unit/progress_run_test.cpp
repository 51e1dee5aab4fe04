// on_progress within a run: when it is called and what it is told.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <list>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::process;
using parwork::progress;

class progress_run_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, progress_run_sweep, sweep_values(), sweep_name);

/// Runs with a progress callback that is due only once, at the end, and hands back what it saw.
progress final_progress(auto&& generator, auto&& work, parwork::options chosen = {}) {
  std::vector<progress> seen;
  chosen.progress_every = 1h;
  chosen.on_progress = [&](const progress& now) { seen.push_back(now); };
  (void)process(std::forward<decltype(generator)>(generator), work, [](auto&&) {}, chosen);
  EXPECT_EQ(seen.size(), 1u);
  return seen.empty() ? progress() : seen.back();
}

TEST(progress_run, is_called_once_at_the_end_where_the_run_is_shorter_than_progress_every) {
  const progress last = final_progress(numbers(100), [](int item) { return item; });
  EXPECT_EQ(last.produced, 100u);
  EXPECT_EQ(last.collected, 100u);
  EXPECT_EQ(last.failed, 0u);
  EXPECT_EQ(last.retries, 0u);
  EXPECT_EQ(last.in_flight, 0u);
  EXPECT_GT(last.elapsed.count(), 0);
  EXPECT_GT(last.items_per_second, 0.0);
}

TEST(progress_run, is_called_at_the_end_of_an_empty_run_too) {
  const progress last = final_progress(numbers(0), [](int item) { return item; });
  EXPECT_EQ(last.produced, 0u);
  EXPECT_EQ(last.collected, 0u);
}

TEST(progress_run, the_last_call_counts_failures_and_retries) {
  const progress last = final_progress(numbers(10),
                                       [](int item) {
                                         if (item < 4) throw std::runtime_error("no");
                                         return item;
                                       },
                                       {.retry = {.max_attempts = 3}});
  EXPECT_EQ(last.collected, 10u);
  EXPECT_EQ(last.failed, 4u);
  EXPECT_EQ(last.retries, 8u);
}

TEST_P(progress_run_sweep, is_called_during_the_run_by_one_thread_at_a_time) {
  exclusive calls;
  tally seen;
  progress before;
  auto chosen = options();
  chosen.progress_every = 1ns;
  chosen.on_progress = [&](const progress& now) {
    const auto visit = calls.enter();
    EXPECT_GE(now.produced, before.produced);
    EXPECT_GE(now.collected, before.collected);
    EXPECT_GE(now.elapsed, before.elapsed);
    before = now;
    if (now.collected > 0) seen.add();
  };
  const auto run = process(
      [&]() -> std::optional<int> {
        return seen.value() < 3 ? std::optional(1) : std::nullopt;  // until it has been called
      },
      [](int item) { return item; }, [](completion<int, int>) {}, chosen);
  expect_consistent(run, chosen);
  EXPECT_GE(calls.calls(), 4u);
  EXPECT_EQ(before.collected, run.produced);
  EXPECT_EQ(before.in_flight, 0u);
}

TEST(progress_run, is_not_called_more_often_than_progress_every_allows) {
  constexpr auto every = 3ms;
  std::vector<std::chrono::nanoseconds> elapsed;
  tally calls;
  const auto run = process(
      [&]() -> std::optional<int> { return calls.value() < 5 ? std::optional(1) : std::nullopt; },
      [](int item) { return item; }, [](completion<int, int>) {},
      {.on_progress =
           [&](const progress& now) {
             elapsed.push_back(now.elapsed);
             calls.add();
           },
       .progress_every = every});
  EXPECT_FALSE(run.stopped);
  ASSERT_GE(elapsed.size(), 5u);
  // Ticks of a clock may come late and the next in time, but n calls need the time of n - 1 waits;
  // the last call, at the end, has no wait of its own.
  const auto waits = static_cast<std::int64_t>(elapsed.size()) - 2;
  EXPECT_GE(elapsed.at(elapsed.size() - 2), every * waits);
}

// The total

TEST(progress_run, a_sized_range_fills_the_total) {
  const auto work = [](int item) { return item; };
  EXPECT_EQ(final_progress(std::vector<int>(7, 1), work).total, 7u);
  EXPECT_EQ(final_progress(std::views::iota(0, 9), work).total, 9u);
  const std::vector<int> values(11, 1);
  EXPECT_EQ(final_progress(values, work).total, 11u);
  EXPECT_EQ(final_progress(parwork::split(values), work).total, 11u);
}

TEST(progress_run, without_a_size_the_total_is_unknown_and_so_is_the_eta) {
  const progress last = final_progress(numbers(5), [](int item) { return item; });
  EXPECT_FALSE(last.total);
  EXPECT_FALSE(last.eta);
  std::istringstream input("1 2 3");
  EXPECT_FALSE(
      final_progress(std::views::istream<int>(input), [](int item) { return item; }).total);
}

TEST(progress_run, a_total_among_the_options_is_passed_on) {
  const auto work = [](int item) { return item; };
  EXPECT_EQ(final_progress(numbers(5), work, {.total = 5}).total, 5u);
  EXPECT_EQ(final_progress(std::vector<int>(7, 1), work, {.total = 100}).total, 100u);
}

TEST(progress_run, with_a_total_there_is_an_eta_that_ends_at_zero) {
  const progress last = final_progress(std::vector<int>(7, 1), [](int item) { return item; });
  ASSERT_TRUE(last.eta);
  EXPECT_EQ(last.eta->count(), 0);
}

}  // namespace
