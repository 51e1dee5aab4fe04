// batched: work that takes many items at once.
#include <gtest/gtest.h>

#include <atomic>
#include <expected>
#include <memory>
#include <optional>
#include <span>
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
using parwork::batched;
using parwork::completion;
using parwork::failure_kind;
using parwork::ordering;
using parwork::process;

class batched_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, batched_sweep, sweep_values(), sweep_name);

std::vector<int> doubled(std::span<int> items) {
  std::vector<int> results;
  for (const int item : items) results.push_back(2 * item);
  return results;
}

TEST_P(batched_sweep, every_item_gets_its_own_result) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    auto chosen = options();
    chosen.order = order;
    gathered<int, int> done;
    const auto run = process(numbers(1000), batched(doubled), done.collector(), chosen);
    expect_consistent(run, chosen);
    expect_counts(run, 1000);
    EXPECT_TRUE(done.has_every_index_once());
    for (const auto& one : done) EXPECT_EQ(one.result.value(), 2 * one.item);
    if (order == ordering::input) {
      EXPECT_TRUE(done.is_in_input_order());
    }
  }
}

TEST_P(batched_sweep, spans_are_never_empty_and_never_longer_than_max_or_the_queue) {
  for (const std::size_t max : {std::size_t{1}, std::size_t{3}, std::size_t{256}}) {
    const auto run = process(
        numbers(1000),
        batched(
            [&](std::span<int> items) {
              EXPECT_GE(items.size(), 1u);
              EXPECT_LE(items.size(), std::min(max, queue()));
              return doubled(items);
            },
            max),
        [](completion<int, int>) {}, options());
    expect_consistent(run, options());
    expect_counts(run, 1000);
  }
}

TEST_P(batched_sweep, items_of_a_span_are_alive_and_not_copied) {
  gathered<counted, std::uint64_t> done;
  const auto run = process(counted_items(500), batched([](std::span<counted> items) {
                             std::vector<std::uint64_t> ids;
                             for (const counted& item : items) ids.push_back(item.id());
                             return ids;
                           }),
                           done.collector(), options());
  expect_counts(run, 500);
  EXPECT_EQ(counted::copies(), 0);
  for (const auto& one : done) EXPECT_EQ(one.result.value(), one.index);
}

TEST(batched, spans_grow_where_items_are_plenty) {
  std::size_t longest = 0;
  const auto run = process(numbers(100'000), batched([&](std::span<int> items) {
                             longest = std::max(longest, items.size());
                             return doubled(items);
                           }),
                           [](completion<int, int>) {}, {.workers = 1, .queue = 10'000});
  expect_counts(run, 100'000);
  EXPECT_GT(longest, 16u);
}

TEST(batched, spans_do_not_wait_for_more_items) {
  tally collected;
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        collected.wait_for(static_cast<std::uint64_t>(next));
        return next < 50 ? std::optional(next++) : std::nullopt;
      },
      batched(doubled), [&](completion<int, int>) { collected.add(); }, {.workers = 2});
  expect_counts(run, 50);
}

TEST_P(batched_sweep, an_exception_fails_the_whole_span) {
  std::atomic<std::uint64_t> in_bad_spans = 0;
  std::uint64_t failures = 0;
  const auto run = process(
      numbers(1000),
      batched(
          [&](std::span<int> items) {
            for (const int item : items) {
              if (item % 10 == 7) {
                in_bad_spans += items.size();
                throw std::out_of_range("seven");
              }
            }
            return doubled(items);
          },
          4),
      [&](completion<int, int> done) {
        if (done.result) return;
        ++failures;
        EXPECT_EQ(done.result.error().kind(), failure_kind::exception);
        EXPECT_EQ(done.result.error().message(), "seven");
      },
      options());
  expect_consistent(run, options());
  EXPECT_EQ(failures, in_bad_spans);
  EXPECT_GE(run.failed, 100u);
}

TEST_P(batched_sweep, a_wrong_number_of_results_fails_the_span_and_says_so) {
  for (const int off : {-1, 1}) {
    std::size_t failures = 0;
    const auto run = process(
        numbers(200),
        batched(
            [&](std::span<int> items) {
              return std::vector<int>(items.size() + static_cast<std::size_t>(off));
            },
            1),
        [&](completion<int, int> done) {
          ASSERT_FALSE(done.result);
          ++failures;
          const std::string& message = done.result.error().message();
          EXPECT_NE(message.find(off < 0 ? "0 results" : "2 results"), std::string::npos)
              << message;
          EXPECT_NE(message.find("1 item"), std::string::npos) << message;
        },
        options());
    expect_consistent(run, options());
    expect_counts(run, 0, 200);
    EXPECT_EQ(failures, 200u);
  }
}

TEST(batched, results_may_be_expected_and_fail_one_by_one) {
  const auto work = [](std::span<int> items) {
    std::vector<std::expected<int, std::string>> results;
    for (const int item : items) {
      if (item % 2 == 0) {
        results.emplace_back(item);
      } else {
        results.emplace_back(std::unexpected("odd"));
      }
    }
    return results;
  };
  gathered<int, int> done;
  const auto run = process(numbers(100), batched(work), done.collector());
  expect_counts(run, 50, 50);
  for (const auto& one : done) EXPECT_EQ(one.result.has_value(), one.item % 2 == 0);
}

TEST(batched, items_and_results_may_be_move_only) {
  int sum = 0;
  const auto run =
      process([next = 0]() mutable { return next == 20 ? nullptr : std::make_unique<int>(next++); },
              batched([](std::span<std::unique_ptr<int>> items) {
                std::vector<std::unique_ptr<int>> results;
                for (auto& item : items) results.push_back(std::move(item));
                return results;
              }),
              [&](std::unique_ptr<int> result) { sum += *result; });
  expect_counts(run, 20);
  EXPECT_EQ(sum, 190);
}

TEST_P(batched_sweep, items_of_a_failed_span_are_retried) {
  auto chosen = options();
  chosen.retry.max_attempts = 100;
  std::atomic<int> failures_left = 20;
  gathered<int, int> done;
  const auto run = process(numbers(200), batched([&](std::span<int> items) {
                             if (failures_left-- > 0) throw std::runtime_error("again");
                             return doubled(items);
                           }),
                           done.collector(), chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 200);
  EXPECT_GE(run.retries, 20u);
  for (const auto& one : done) EXPECT_EQ(one.result.value(), 2 * one.item);
}

TEST_P(batched_sweep, a_stop_cancels_what_was_not_started) {
  std::stop_source stop;
  auto chosen = options();
  chosen.stop = stop.get_token();
  std::uint64_t collected = 0;
  const auto run = process([next = 0]() mutable -> std::optional<int> { return next++; },
                           batched([&](std::span<int> items) {
                             for (const int item : items) {
                               if (item == 100) stop.request_stop();
                             }
                             return doubled(items);
                           }),
                           [&](completion<int, int>) { ++collected; }, chosen);
  expect_consistent(run, chosen);
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(collected, run.produced);
  EXPECT_GE(run.succeeded, 1u);
}

TEST(batched, a_failure_is_thrown_where_the_collector_takes_results) {
  EXPECT_THROW((void)process(numbers(100), batched([](std::span<int>) -> std::vector<int> {
                               throw std::out_of_range("always");
                             }),
                             [](int) {}),
               std::out_of_range);
}

TEST(batched, a_max_that_makes_no_sense_is_refused) {
  EXPECT_THROW((void)batched(doubled, 0), std::invalid_argument);
}

}  // namespace
