// Timeouts are cooperative: a deadline, a token, and a failure for what ends late.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <expected>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::context;
using parwork::failure;
using parwork::failure_kind;
using parwork::process;
using steady = std::chrono::steady_clock;

class timeout_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, timeout_sweep, sweep_values(), sweep_name);

/// Ends after the attempt's deadline, without looking at the token.
void outstay(context& ctx) {
  while (steady::now() < ctx.deadline().value()) {
  }
}

TEST_P(timeout_sweep, the_token_is_requested_when_the_deadline_passes) {
  auto chosen = options();
  chosen.timeout = 500us;
  gathered<counted, int> done;
  const auto run = process(
      counted_items(10),
      [](const counted&, context& ctx) {
        wait_for_stop(ctx.stop_token());
        EXPECT_GE(steady::now(), ctx.deadline().value());
        return 1;
      },
      done.collector(), chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 0, 10);
  EXPECT_FALSE(run.stopped);
  for (const auto& one : done) {
    EXPECT_EQ(one.result.error().kind(), failure_kind::timeout);
    EXPECT_EQ(one.attempts, 1u);
  }
}

TEST(timeout, a_late_attempt_is_a_timeout_whatever_it_returned) {
  gathered<int, int> done;
  const auto run = process(numbers(3),
                           [](int item, context& ctx) -> std::expected<int, failure> {
                             outstay(ctx);
                             if (item == 0) return 1;
                             if (item == 1) throw std::runtime_error("late");
                             return std::unexpected(failure(failure_kind::error, "late"));
                           },
                           done.collector(), {.timeout = 1ms});
  expect_counts(run, 0, 3);
  for (const auto& one : done) {
    EXPECT_EQ(one.result.error().kind(), failure_kind::timeout);
    EXPECT_EQ(one.result.error().exception(), nullptr);
    EXPECT_FALSE(one.result.error().message().empty());
  }
}

TEST(timeout, work_that_takes_no_context_is_timed_too) {
  const auto run = process(
      numbers(3),
      [](int item) {
        for (const auto start = steady::now(); steady::now() - start < 1ms;) {
        }
        return item;
      },
      [](completion<int, int> done) {
        EXPECT_EQ(done.result.error().kind(), failure_kind::timeout);
      },
      {.timeout = 1us});
  expect_counts(run, 0, 3);
}

TEST_P(timeout_sweep, an_attempt_in_time_is_not_touched) {
  auto chosen = options();
  chosen.timeout = 1h;
  const auto run = process(
      numbers(300),
      [](int item, context& ctx) {
        EXPECT_FALSE(ctx.stop_token().stop_requested());
        return item;
      },
      [](completion<int, int> done) { EXPECT_TRUE(done.result); }, chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 300);
}

TEST(timeout, the_deadline_of_one_attempt_does_not_stop_another) {
  gate timed_out;
  const auto run = process(
      numbers(2),
      [&](int item, context& ctx) {
        if (item == 0) {
          wait_for_stop(ctx.stop_token());
          timed_out.open();
          return;
        }
        timed_out.wait();
      },
      [](completion<int, void>) {}, {.workers = 2, .timeout = 2ms});
  EXPECT_EQ(run.produced, 2u);
  EXPECT_GE(run.failed, 1u);
  EXPECT_FALSE(run.stopped);
}

TEST(timeout, each_attempt_has_a_deadline_of_its_own) {
  std::vector<steady::time_point> deadlines;
  const auto run = process(
      numbers(1),
      [&](int, context& ctx) {
        deadlines.push_back(ctx.deadline().value());
        if (ctx.attempt() < 5) outstay(ctx);
      },
      [](completion<int, void>) {},
      {.workers = 1, .retry = {.max_attempts = 1000}, .timeout = 2ms});
  expect_counts(run, 1);
  ASSERT_GE(deadlines.size(), 5u);
  for (std::size_t i = 1; i < deadlines.size(); ++i) {
    EXPECT_GE(deadlines[i], deadlines[i - 1] + 2ms) << "attempt " << i + 1;
  }
}

TEST(timeout, timeouts_are_retried_and_retry_if_sees_their_kind) {
  std::mutex mutex;
  std::vector<failure_kind> kinds;
  const auto run = process(
      numbers(4),
      [&](int, context& ctx) {
        if (ctx.attempt() == 1) outstay(ctx);
      },
      [](completion<int, void>) {},
      {.retry = {.max_attempts = 1000,
                 .retry_if =
                     [&](const failure& why) {
                       const std::lock_guard lock(mutex);
                       kinds.push_back(why.kind());
                       return true;
                     }},
       .timeout = 2ms});
  expect_counts(run, 4);
  EXPECT_GE(kinds.size(), 4u);
  EXPECT_EQ(run.retries, kinds.size());
  for (const failure_kind kind : kinds) EXPECT_EQ(kind, failure_kind::timeout);
}

TEST(timeout, a_timeout_is_thrown_as_item_failed_where_the_collector_takes_results) {
  try {
    (void)process(numbers(1), [](int, context& ctx) { outstay(ctx); }, [] {}, {.timeout = 1ms});
    FAIL() << "nothing was thrown";
  } catch (const parwork::item_failed& thrown) {
    EXPECT_EQ(thrown.failure().kind(), failure_kind::timeout);
    EXPECT_EQ(thrown.index(), 0u);
  }
}

TEST(timeout, a_stop_reaches_an_attempt_that_has_a_deadline) {
  std::stop_source stop;
  rendezvous both(2);
  const auto run = process(
      numbers(2),
      [&](int item, context& ctx) {
        const auto token = ctx.stop_token();
        both.arrive_and_wait();
        if (item == 0) {
          stop.request_stop();
        } else {
          wait_for_stop(token);
        }
      },
      [](completion<int, void>) {}, {.workers = 2, .timeout = 1h, .stop = stop.get_token()});
  expect_counts(run, 2);
  EXPECT_TRUE(run.stopped);
}

TEST(timeout, many_attempts_wait_for_their_deadlines_at_once) {
  rendezvous all(8);
  const auto run = process(
      numbers(8),
      [&](int, context& ctx) {
        all.arrive_and_wait();
        wait_for_stop(ctx.stop_token());
      },
      [](completion<int, void>) {}, {.workers = 8, .timeout = 5ms});
  expect_counts(run, 0, 8);
}

}  // namespace
