// What work learns from its context.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <type_traits>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::context;
using parwork::process;
using clock = std::chrono::steady_clock;

static_assert(std::is_same_v<decltype(std::declval<context&>().stop_token()), std::stop_token>);
static_assert(std::is_same_v<decltype(std::declval<context&>().index()), std::uint64_t>);
static_assert(std::is_same_v<decltype(std::declval<context&>().attempt()), unsigned>);
static_assert(std::is_same_v<decltype(std::declval<context&>().worker()), unsigned>);
static_assert(std::is_same_v<decltype(std::declval<context&>().deadline()),
                             std::optional<clock::time_point>>);

class context_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, context_sweep, sweep_values(), sweep_name);

TEST_P(context_sweep, the_index_is_the_items_position_in_generator_order) {
  gathered<int, std::uint64_t> done;
  const auto run = process(
      numbers(300), [](int, context& ctx) { return ctx.index(); }, done.collector(), options());
  expect_counts(run, 300);
  for (const auto& one : done) {
    EXPECT_EQ(one.result.value(), one.index);
    EXPECT_EQ(static_cast<std::uint64_t>(one.item), one.index);
  }
}

TEST(context, the_first_attempt_is_number_1) {
  const auto run = process(
      numbers(10), [](int, context& ctx) { return ctx.attempt(); },
      [](completion<int, unsigned> done) { EXPECT_EQ(done.result.value(), 1u); });
  expect_counts(run, 10);
}

TEST_P(context_sweep, a_worker_number_is_below_workers_and_belongs_to_one_thread) {
  std::vector<std::atomic<int>> busy(workers());
  const auto run = process(
      numbers(1000),
      [&](int, context& ctx) {
        ASSERT_LT(ctx.worker(), workers());
        EXPECT_EQ(busy[ctx.worker()].fetch_add(1), 0) << "two threads are worker " << ctx.worker();
        busy[ctx.worker()].fetch_sub(1);
      },
      [](completion<int, void>) {}, options());
  expect_counts(run, 1000);
}

TEST(context, workers_that_meet_have_the_numbers_from_0_to_workers_minus_1) {
  std::array<std::atomic<int>, 4> seen{};
  rendezvous all(4);
  const auto run = process(
      numbers(4),
      [&](int, context& ctx) {
        ++seen.at(ctx.worker());
        all.arrive_and_wait();
      },
      [](completion<int, void>) {}, {.workers = 4});
  expect_counts(run, 4);
  for (const auto& times : seen) EXPECT_EQ(times, 1);
}

TEST(context, without_a_timeout_there_is_no_deadline) {
  const auto run = process(
      numbers(10), [](int, context& ctx) { EXPECT_FALSE(ctx.deadline()); },
      [](completion<int, void>) {});
  expect_counts(run, 10);
}

TEST(context, with_a_timeout_the_deadline_is_that_much_after_the_attempts_start) {
  const auto before = clock::now();
  const auto run = process(
      numbers(10),
      [&](int, context& ctx) {
        const auto deadline = ctx.deadline();
        ASSERT_TRUE(deadline);
        EXPECT_GE(*deadline, before + 1h);
        EXPECT_LE(*deadline, clock::now() + 1h);
      },
      [](completion<int, void>) {}, {.timeout = 1h});
  expect_counts(run, 10);
}

TEST(context, the_stop_token_is_not_requested_while_nothing_stops) {
  const auto run = process(
      numbers(10), [&](int, context& ctx) { EXPECT_FALSE(ctx.stop_token().stop_requested()); },
      [](completion<int, void>) {}, {.timeout = 1h});
  expect_counts(run, 10);
}

TEST(context, the_stop_token_is_requested_by_the_token_of_the_options) {
  std::stop_source stop;
  rendezvous both(2);
  const auto run = process(
      numbers(2),
      [&](int item, context& ctx) {
        both.arrive_and_wait();
        if (item == 0) stop.request_stop();
        wait_for_stop(ctx.stop_token());
      },
      [](completion<int, void>) {}, {.workers = 2, .stop = stop.get_token()});
  expect_counts(run, 2);
  EXPECT_TRUE(run.stopped);
}

TEST(context, the_stop_token_is_requested_by_a_failure_that_stops_the_run) {
  rendezvous both(2);
  const auto run = process(
      numbers(2),
      [&](int item, context& ctx) {
        both.arrive_and_wait();
        if (item == 0) throw std::runtime_error("stop here");
        wait_for_stop(ctx.stop_token());
      },
      [](completion<int, void>) {}, {.workers = 2, .on_failure = parwork::failure_policy::stop});
  expect_counts(run, 1, 1);
  EXPECT_TRUE(run.stopped);
}

TEST(context, the_stop_token_is_requested_by_an_exception_of_the_collector) {
  rendezvous both(2);
  EXPECT_THROW((void)process(
                   numbers(2),
                   [&](int item, context& ctx) {
                     both.arrive_and_wait();
                     if (item == 1) wait_for_stop(ctx.stop_token());
                   },
                   [](completion<int, void>) { throw std::runtime_error("full"); }, {.workers = 2}),
               std::runtime_error);
}

TEST(context, a_stop_token_may_be_kept_after_the_run) {
  std::stop_token kept;
  const auto run = process(
      numbers(1), [&](int, context& ctx) { kept = ctx.stop_token(); }, [](completion<int, void>) {},
      {.workers = 1});
  expect_counts(run, 1);
  EXPECT_FALSE(kept.stop_requested());
}

}  // namespace
