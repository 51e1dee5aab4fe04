// Retries within a run: attempts, waits, and what happens to an item that waits.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <expected>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::context;
using parwork::failure;
using parwork::failure_kind;
using parwork::failure_policy;
using parwork::ordering;
using parwork::process;
using steady = std::chrono::steady_clock;

class retry_run_sweep : public sweep {
 protected:
  parwork::options attempts(unsigned most) const {
    auto chosen = options();
    chosen.retry.max_attempts = most;
    return chosen;
  }
};
INSTANTIATE_TEST_SUITE_P(all, retry_run_sweep, sweep_values(), sweep_name);

/// Fails every attempt but the last of `item % 3 + 1`.
auto stubborn = [](const counted& item, context& ctx) {
  if (ctx.attempt() <= item.id() % 3) throw std::runtime_error(std::to_string(ctx.attempt()));
  return item.id();
};

// Attempts

TEST_P(retry_run_sweep, a_failed_item_is_tried_again_until_it_succeeds) {
  gathered<counted, std::uint64_t> done;
  const auto run = process(counted_items(300), stubborn, done.collector(), attempts(3));
  expect_consistent(run, options());
  expect_counts(run, 300);
  EXPECT_EQ(run.retries, 300u);
  EXPECT_TRUE(done.has_every_index_once());
  for (const auto& one : done) {
    EXPECT_EQ(one.attempts, one.item.id() % 3 + 1);
    EXPECT_EQ(one.item.id(), one.index);
  }
}

TEST_P(retry_run_sweep, when_attempts_are_used_up_the_last_failure_arrives) {
  gathered<counted, std::uint64_t> done;
  const auto run = process(counted_items(300), stubborn, done.collector(), attempts(2));
  expect_consistent(run, options());
  expect_counts(run, 200, 100);
  EXPECT_EQ(run.retries, 200u);
  for (const auto& one : done) {
    if (one.item.id() % 3 != 2) continue;
    EXPECT_EQ(one.attempts, 2u);
    EXPECT_EQ(one.result.error().message(), "2");
  }
}

TEST_P(retry_run_sweep, order_by_input_holds_with_retries_and_waits) {
  auto chosen = attempts(3);
  chosen.order = ordering::input;
  chosen.retry.backoff = 20us;
  gathered<counted, std::uint64_t> done;
  const auto run = process(counted_items(200), stubborn, done.collector(), chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 200);
  EXPECT_TRUE(done.is_in_input_order());
}

TEST(retry_run, without_a_policy_there_is_one_attempt) {
  std::atomic<int> calls = 0;
  const auto run = process(
      numbers(10),
      [&](int) -> std::expected<int, std::string> {
        ++calls;
        return std::unexpected("no");
      },
      [](completion<int, int>) {});
  expect_counts(run, 0, 10);
  EXPECT_EQ(calls, 10);
  EXPECT_EQ(run.retries, 0u);
}

TEST(retry_run, every_attempt_sees_the_same_item) {
  const auto run = process(
      numbers(10),
      [](int& item, context& ctx) {
        item += 100;
        if (ctx.attempt() < 3) throw std::runtime_error("again");
        return item;
      },
      [](completion<int, int> done) {
        EXPECT_EQ(done.result.value(), static_cast<int>(done.index) + 300);
      },
      {.retry = {.max_attempts = 3}});
  expect_counts(run, 10);
}

TEST(retry_run, failures_returned_as_values_are_retried_too) {
  int sum = 0;
  const auto run = process(
      numbers(10),
      [](int item, context& ctx) -> std::expected<int, std::error_code> {
        if (ctx.attempt() == 1) {
          return std::unexpected(std::make_error_code(std::errc::interrupted));
        }
        return item;
      },
      [&](int result) { sum += result; }, {.retry = {.max_attempts = 2}});
  expect_counts(run, 10);
  EXPECT_EQ(sum, 45);
  EXPECT_EQ(run.retries, 10u);
}

TEST(retry_run, a_result_collector_throws_the_last_failure_alone) {
  std::atomic<int> calls = 0;
  try {
    (void)process(
        numbers(1),
        [&](int) -> std::expected<int, std::string> {
          return std::unexpected(std::to_string(++calls));
        },
        [](int) {}, {.retry = {.max_attempts = 5}});
    FAIL() << "nothing was thrown";
  } catch (const parwork::item_failed& thrown) {
    EXPECT_EQ(thrown.failure().message(), "5");
  }
}

TEST(retry_run, a_failure_stops_the_run_only_after_its_last_attempt) {
  gathered<int, int> done;
  const auto run =
      process(numbers(20),
              [](int item, context& ctx) {
                if (ctx.attempt() == 1) throw std::runtime_error("first");
                return item;
              },
              done.collector(), {.on_failure = failure_policy::stop, .retry = {.max_attempts = 2}});
  expect_counts(run, 20);
  EXPECT_FALSE(run.stopped);
}

// retry_if

TEST(retry_run, retry_if_decides_by_the_failure) {
  std::map<int, unsigned> attempts;
  const auto run = process(
      numbers(10),
      [](int item) -> std::expected<int, failure> {
        if (item % 2 == 0) return std::unexpected(failure(failure_kind::error, "for good"));
        throw std::runtime_error("for now");
      },
      [&](completion<int, int> done) { attempts[done.item] = done.attempts; },
      {.retry = {.max_attempts = 3, .retry_if = [](const failure& why) {
                   return why.kind() == failure_kind::exception && why.message() == "for now";
                 }}});
  expect_counts(run, 0, 10);
  for (const auto& [item, count] : attempts) EXPECT_EQ(count, item % 2 == 0 ? 1u : 3u);
  EXPECT_EQ(run.retries, 10u);
}

TEST(retry_run, a_cancelled_failure_is_not_retried_by_default) {
  std::atomic<int> calls = 0;
  const auto run = process(
      numbers(1),
      [&](int) -> std::expected<int, failure> {
        ++calls;
        return std::unexpected(failure(failure_kind::cancelled, "by work itself"));
      },
      [](completion<int, int> done) { EXPECT_EQ(done.attempts, 1u); },
      {.retry = {.max_attempts = 3}});
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(run.produced, run.failed + run.cancelled);
}

// Waits

TEST(retry_run, a_wait_is_not_shorter_than_backoff_less_jitter) {
  for (const double jitter : {0.0, 0.5}) {
    std::vector<steady::time_point> starts;
    const auto run = process(
        numbers(1),
        [&](int) {
          starts.push_back(steady::now());
          if (starts.size() < 4) throw std::runtime_error("again");
        },
        [](completion<int, void>) {},
        {.workers = 1,
         .retry = {.max_attempts = 4, .backoff = 2ms, .multiplier = 2.0, .jitter = jitter}});
    expect_counts(run, 1);
    ASSERT_EQ(starts.size(), 4u);
    std::chrono::duration<double> least = 2ms * (1.0 - jitter);
    for (std::size_t wait = 0; wait < 3; ++wait, least *= 2) {
      EXPECT_GE(starts[wait + 1] - starts[wait], least) << "wait " << wait + 1;
    }
  }
}

TEST(retry_run, max_backoff_cuts_the_wait) {
  const auto run = process(  // an hour's wait would show
      numbers(3),
      [](int, context& ctx) {
        if (ctx.attempt() < 4) throw std::runtime_error("again");
      },
      [](completion<int, void>) {},
      {.retry = {.max_attempts = 4, .backoff = 1h, .max_backoff = 1ms}});
  expect_counts(run, 3);
}

TEST(retry_run, an_item_that_waits_holds_no_worker) {
  std::stop_source stop;
  gathered<int, int> done;
  auto gather = done.collector();
  const parwork::options chosen{.workers = 1,
                                .queue = 200,
                                .retry = {.max_attempts = 2, .backoff = 1h, .max_backoff = 1h},
                                .stop = stop.get_token()};
  const auto run = process([next = 0]() mutable -> std::optional<int> { return next++; },
                           [](int item) {
                             if (item == 0) throw std::runtime_error("later");
                             return item;
                           },
                           [&](completion<int, int> one) {
                             if (one.index == 100) stop.request_stop();
                             gather(std::move(one));
                           },
                           chosen);
  expect_consistent(run, chosen);
  EXPECT_GE(run.succeeded, 100u);
  EXPECT_EQ(run.failed, 1u);
  EXPECT_EQ(done.at_index(0).attempts, 1u);
}

TEST_P(retry_run_sweep, on_a_stop_an_item_that_waits_arrives_with_its_last_failure) {
  std::stop_source stop;
  auto chosen = attempts(5);
  chosen.retry.backoff = 1h;
  chosen.retry.max_backoff = 1h;
  chosen.stop = stop.get_token();
  const auto wanted = static_cast<int>(std::min<std::size_t>(queue(), 20));
  std::atomic<int> failed = 0;
  gathered<int, int> done;
  const auto run = process(
      numbers(1000),
      [&](int item) -> std::expected<int, failure> {
        if (++failed == wanted) stop.request_stop();
        return std::unexpected(failure(failure_kind::error, std::to_string(item)));
      },
      done.collector(), chosen);
  expect_consistent(run, chosen);
  EXPECT_TRUE(run.stopped);
  EXPECT_GE(run.failed, static_cast<std::uint64_t>(wanted));
  EXPECT_EQ(run.retries, 0u);
  EXPECT_EQ(done.size(), run.produced);
  for (const auto& one : done) {
    if (one.attempts == 0) {
      EXPECT_EQ(one.result.error().kind(), failure_kind::cancelled);
    } else {
      EXPECT_EQ(one.attempts, 1u);
      EXPECT_EQ(one.result.error().message(), std::to_string(one.item));
    }
  }
}

TEST(retry_run, after_a_stop_a_failed_attempt_is_not_tried_again) {
  std::stop_source stop;
  gathered<int, int> done;
  const auto run =
      process(numbers(1),
              [&](int) -> int {
                stop.request_stop();
                throw std::runtime_error("while stopping");
              },
              done.collector(), {.retry = {.max_attempts = 9}, .stop = stop.get_token()});
  expect_counts(run, 0, 1);
  EXPECT_EQ(done[0].attempts, 1u);
  EXPECT_EQ(done[0].result.error().message(), "while stopping");
}

TEST_P(retry_run_sweep, items_that_wait_are_in_flight) {
  auto chosen = attempts(2);
  chosen.retry.backoff = 50us;
  std::atomic<std::int64_t> produced = 0;
  std::atomic<std::int64_t> collected = 0;
  std::atomic<std::int64_t> worst = 0;
  const auto run = process(
      [&]() -> std::optional<int> {
        if (produced == 200) return std::nullopt;
        const std::int64_t in_flight = ++produced - collected;
        if (in_flight > worst) worst = in_flight;
        return 1;
      },
      [](int, context& ctx) {
        if (ctx.attempt() == 1) throw std::runtime_error("again");
      },
      [&](completion<int, void>) { ++collected; }, chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 200);
  EXPECT_LE(worst, static_cast<std::int64_t>(queue()));
}

}  // namespace
