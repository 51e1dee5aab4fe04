// batch_completer: how a span of asynchronous work is finished.
#include "parwork/batch_completer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/elsewhere.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::batch_completer;
using parwork::batched;
using parwork::failure;
using parwork::failure_kind;
using parwork::process;

static_assert(!std::is_copy_constructible_v<batch_completer<int>>);
static_assert(std::is_nothrow_move_constructible_v<batch_completer<int>>);
static_assert(std::is_nothrow_move_assignable_v<batch_completer<void>>);

std::vector<int> tripled(std::span<const int> items) {
  std::vector<int> results;
  for (const int item : items) results.push_back(3 * item);
  return results;
}

// Of ten items in one span, with a single worker.
constexpr int in_a_span = 10;
const parwork::options one_worker{.workers = 1, .queue = 100};

TEST(batch_completer, succeeds_with_a_result_for_each_item) {
  gathered<int, int> done;
  const auto run =
      process(numbers(in_a_span), batched([](std::span<int> items, batch_completer<int> finish) {
                finish.succeed(tripled(items));
              }),
              done.collector(), one_worker);
  expect_counts(run, in_a_span);
  EXPECT_TRUE(done.has_every_index_once());
  for (const auto& one : done) {
    EXPECT_EQ(one.result.value(), 3 * one.item);
    EXPECT_EQ(one.attempts, 1U);
  }
}

TEST(batch_completer, succeeds_without_results_where_there_are_none) {
  int collected = 0;
  const auto run = process(
      numbers(in_a_span),
      batched([](std::span<int>, batch_completer<void> finish) { finish.succeed(); }),
      [&] { ++collected; }, one_worker);
  expect_counts(run, in_a_span);
  EXPECT_EQ(collected, in_a_span);
}

TEST(batch_completer, succeeds_with_results_of_every_kind) {
  std::vector<bool> flags;
  auto run =
      process(numbers(in_a_span), batched([](std::span<int> items, batch_completer<bool> finish) {
                std::vector<bool> odd;
                for (const int item : items) odd.push_back(item % 2 == 1);
                finish.succeed(std::move(odd));
              }),
              [&](bool flag) { flags.push_back(flag); },
              {.workers = 1, .queue = 100, .order = parwork::ordering::input});
  expect_counts(run, in_a_span);
  EXPECT_EQ(flags,
            (std::vector<bool>{false, true, false, true, false, true, false, true, false, true}));
  int sum = 0;
  run = process(
      numbers(in_a_span),
      batched([](std::span<int> items, batch_completer<std::unique_ptr<int>> finish) {
        std::vector<std::unique_ptr<int>> boxes;
        for (const int item : items) boxes.push_back(std::make_unique<int>(item));
        finish.succeed(std::move(boxes));
      }),
      [&](std::unique_ptr<int> box) { sum += *box; }, one_worker);
  expect_counts(run, in_a_span);
  EXPECT_EQ(sum, 45);
}

TEST(batch_completer, finishes_with_an_outcome_for_each_item) {
  gathered<int, int> done;
  const auto run =
      process(numbers(in_a_span), batched([](std::span<int> items, batch_completer<int> finish) {
                std::vector<std::expected<int, failure>> outcomes;
                for (const int item : items) {
                  if (item % 2 == 0) {
                    outcomes.emplace_back(item);
                  } else {
                    outcomes.emplace_back(std::unexpect, failure_kind::error, std::to_string(item));
                  }
                }
                finish.finish(std::move(outcomes));
              }),
              done.collector(), one_worker);
  expect_counts(run, in_a_span / 2, in_a_span / 2);
  for (const auto& one : done) {
    ASSERT_EQ(one.result.has_value(), one.item % 2 == 0);
    if (!one.result) {
      EXPECT_EQ(one.result.error().message(), std::to_string(one.item));
    }
  }
}

TEST(batch_completer, finishes_work_without_results) {
  gathered<int, void> done;
  const auto run = process(
      numbers(in_a_span), batched([](std::span<int> items, batch_completer<void> finish) {
        std::vector<std::expected<void, failure>> outcomes(items.size());
        for (std::size_t i = 0; i < items.size(); ++i) {
          if (items[i] == 3) {
            outcomes[i] = std::unexpected(failure(std::make_error_code(std::errc::timed_out)));
          }
        }
        finish.finish(std::move(outcomes));
      }),
      done.collector(), one_worker);
  expect_counts(run, in_a_span - 1, 1);
  EXPECT_EQ(done.at_index(3).result.error().code(), std::errc::timed_out);
}

TEST(batch_completer, fails_all_with_one_failure) {
  gathered<int, int> done;
  const auto run =
      process(numbers(in_a_span), batched([](std::span<int>, batch_completer<int> finish) {
                finish.fail(failure(failure_kind::error, "no luck"));
              }),
              done.collector(), one_worker);
  expect_counts(run, 0, in_a_span);
  for (const auto& one : done) EXPECT_EQ(one.result.error().message(), "no luck");
}

TEST(batch_completer, destroyed_unused_abandons_all) {
  elsewhere other;
  gathered<int, int> done;
  const auto run = process(numbers(100),
                           batched(
                               [&](std::span<int>, batch_completer<int> finish) {
                                 if (finish.index() % 2 == 0) return;  // destroyed by this call
                                 other.post([finish = std::move(finish)] {});
                               },
                               7),
                           done.collector(), {.workers = 2});
  expect_counts(run, 0, 100);
  for (const auto& one : done) {
    EXPECT_EQ(one.result.error().kind(), failure_kind::abandoned);
    EXPECT_EQ(one.attempts, 1U);
  }
}

TEST(batch_completer, a_wrong_number_fails_all_and_says_so) {
  for (const int off : {-1, 1}) {
    for (const bool with_outcomes : {false, true}) {
      gathered<int, int> done;
      const auto run =
          process(numbers(4),
                  batched(
                      [&](std::span<int> items, batch_completer<int> finish) {
                        const std::size_t count = items.size() + static_cast<std::size_t>(off);
                        if (with_outcomes) {
                          finish.finish(std::vector<std::expected<int, failure>>(count));
                        } else {
                          finish.succeed(std::vector<int>(count));
                        }
                      },
                      1),
                  done.collector(), one_worker);
      expect_counts(run, 0, 4);
      for (const auto& one : done) {
        const std::string& message = one.result.error().message();
        EXPECT_EQ(one.result.error().kind(), failure_kind::exception);
        EXPECT_NE(message.find(off < 0 ? "0 results" : "2 results"), std::string::npos) << message;
        EXPECT_NE(message.find("1 item"), std::string::npos) << message;
      }
    }
  }
}

TEST(batch_completer, a_result_whose_move_throws_fails_its_item_alone) {
  struct fragile {
    explicit fragile(int n) : number(n) {}
    fragile(const fragile& other) : number(other.number) {
      if (other.armed && number == 3) throw std::runtime_error("fragile");
    }
    int number;
    bool armed = false;
  };
  const auto run = process(
      numbers(in_a_span), batched([](std::span<int> items, batch_completer<fragile> finish) {
        std::vector<fragile> results;
        for (const int item : items) results.emplace_back(item);
        for (fragile& each : results) each.armed = true;
        finish.succeed(std::move(results));
      }),
      [&](parwork::completion<int, fragile> one) {
        EXPECT_EQ(one.result.has_value(), one.item != 3);
      },
      one_worker);
  expect_counts(run, in_a_span - 1, 1);
}

TEST(batch_completer, moving_it_abandons_nothing) {
  int collected = 0;
  const auto run = process(
      numbers(in_a_span), batched([](std::span<int> items, batch_completer<int> finish) {
        batch_completer<int> moved = std::move(finish);
        auto kept = std::make_unique<batch_completer<int>>(std::move(moved));
        kept->succeed(tripled(items));
      }),
      [&](int) { ++collected; }, one_worker);
  expect_counts(run, in_a_span);
}

TEST(batch_completer, a_second_use_is_a_logic_error_and_changes_nothing) {
  gathered<int, int> done;
  const auto run =
      process(numbers(in_a_span), batched([](std::span<int> items, batch_completer<int> finish) {
                finish.succeed(tripled(items));
                EXPECT_THROW(finish.succeed(tripled(items)), std::logic_error);
                EXPECT_THROW(finish.finish({}), std::logic_error);
                EXPECT_THROW(finish.fail(failure(failure_kind::error, "late")), std::logic_error);
                EXPECT_THROW(finish.end_run(std::make_exception_ptr(1)), std::logic_error);
              }),
              done.collector(), one_worker);
  expect_counts(run, in_a_span);
}

// What it has in place of a context

TEST(batch_completer, knows_size_index_attempt_and_deadline) {
  std::atomic<std::uint64_t> items_seen = 0;
  const auto run =
      process(numbers(500),
              batched(
                  [&](std::span<int> items, batch_completer<int> finish) {
                    EXPECT_EQ(finish.size(), items.size());
                    EXPECT_EQ(finish.index(), static_cast<std::uint64_t>(items[0]));
                    EXPECT_EQ(items.back() - items.front() + 1, static_cast<int>(items.size()));
                    EXPECT_EQ(finish.attempt(), 1U);
                    EXPECT_FALSE(finish.deadline());
                    EXPECT_FALSE(finish.stop_token().stop_requested());
                    items_seen += finish.size();
                    finish.succeed(tripled(items));
                  },
                  8),
              [](int) {}, {.workers = 3});
  expect_counts(run, 500);
  EXPECT_EQ(items_seen, 500U);
}

TEST(batch_completer, its_stop_token_is_requested_by_the_deadline_and_late_results_are_timeouts) {
  elsewhere other;
  gathered<int, int> done;
  const parwork::options chosen{.workers = 1, .queue = 20, .timeout = 2ms};
  const auto run =
      process(numbers(20), batched([&](std::span<int> items, batch_completer<int> finish) {
                other.post([items, finish = std::move(finish)]() mutable {
                  wait_for_stop(finish.stop_token());
                  EXPECT_GE(std::chrono::steady_clock::now(), finish.deadline().value());
                  finish.succeed(tripled(items));
                });
              }),
              done.collector(), chosen);
  expect_counts(run, 0, 20);
  EXPECT_FALSE(run.stopped);
  for (const auto& one : done) EXPECT_EQ(one.result.error().kind(), failure_kind::timeout);
}

TEST(batch_completer, its_stop_token_is_requested_by_a_stop_and_held_spans_are_waited_for) {
  elsewhere other;
  std::stop_source stop;
  gathered<int, int> done;
  const parwork::options chosen{.workers = 2, .queue = 40, .stop = stop.get_token()};
  const auto run = process([next = 0]() mutable -> std::optional<int> { return next++; },
                           batched(
                               [&](std::span<int> items, batch_completer<int> finish) {
                                 other.post([&, items, finish = std::move(finish)]() mutable {
                                   stop.request_stop();
                                   wait_for_stop(finish.stop_token());
                                   finish.succeed(tripled(items));
                                 });
                               },
                               4),
                           done.collector(), chosen);
  expect_consistent(run, chosen);
  EXPECT_TRUE(run.stopped);
  EXPECT_GE(run.succeeded, 1U);
  EXPECT_EQ(done.size(), run.produced);
}

// Exceptions

TEST(batch_completer, an_exception_of_work_fails_all_items_of_its_span) {
  gathered<int, int> done;
  const auto run = process(numbers(30), batched([](std::span<int>, batch_completer<int>) {
                             throw std::out_of_range("refused");
                           }),
                           done.collector(), {.workers = 2});
  expect_counts(run, 0, 30);
  for (const auto& one : done) EXPECT_EQ(one.result.error().message(), "refused");
}

TEST(batch_completer, an_exception_after_its_use_changes_nothing) {
  elsewhere other;
  gathered<int, int> done;
  const auto run = process(numbers(60),
                           batched(
                               [&](std::span<int> items, batch_completer<int> finish) {
                                 gate used;
                                 if (finish.index() % 2 == 0) {
                                   finish.succeed(tripled(items));
                                 } else {
                                   other.post([&, finish = std::move(finish)]() mutable {
                                     finish.succeed(tripled(items));
                                     used.open();
                                   });
                                   used.wait();
                                 }
                                 throw std::runtime_error("too late");
                               },
                               3),
                           done.collector(), {.workers = 2});
  expect_counts(run, 60);
  EXPECT_TRUE(done.has_every_index_once());
}

TEST(batch_completer, kept_beyond_an_exception_it_may_outlive_the_run) {
  std::vector<batch_completer<int>> kept;
  const auto run = process(
      numbers(6), batched([&](std::span<int>, batch_completer<int> finish) {
        kept.push_back(std::move(finish));
        throw std::runtime_error("gone");
      }),
      [](const parwork::completion<int, int>&) {}, one_worker);
  expect_counts(run, 0, 6);
  ASSERT_FALSE(kept.empty());
  EXPECT_FALSE(kept[0].stop_token().stop_possible());
  kept[0].succeed(std::vector<int>(kept[0].size()));
}

}  // namespace
