// Asynchronous work: it returns at once, and a completer finishes the item later, from any thread.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/elsewhere.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completer;
using parwork::completion;
using parwork::failure;
using parwork::failure_kind;
using parwork::ordering;
using parwork::process;

static_assert(!std::is_copy_constructible_v<completer<int>>);
static_assert(std::is_nothrow_move_constructible_v<completer<int>>);
static_assert(!std::is_copy_constructible_v<completer<void>>);

class async_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, async_sweep, sweep_values(), sweep_name);
class async_leak : public leak_check {};

// Finishing

TEST_P(async_sweep, items_finished_by_other_threads_are_collected_once) {
  elsewhere other(2);
  gathered<counted, std::uint64_t> done;
  const auto run = process(
      counted_items(300),
      [&](counted& item, completer<std::uint64_t> finish) {
        other.post([&item, finish = std::move(finish)]() mutable { finish.succeed(item.id()); });
      },
      done.collector(), options());
  expect_consistent(run, options());
  expect_counts(run, 300);
  EXPECT_TRUE(done.has_every_index_once());
  for (const auto& one : done) EXPECT_EQ(one.result.value(), one.item.id());
}

TEST_P(async_sweep, items_may_be_finished_before_work_returns) {
  gathered<counted, std::uint64_t> done;
  const auto run = process(
      counted_items(300),
      [](const counted& item, completer<std::uint64_t> finish) { finish.succeed(item.id()); },
      done.collector(), options());
  expect_consistent(run, options());
  expect_counts(run, 300);
  EXPECT_TRUE(done.has_every_index_once());
}

TEST_P(async_sweep, ordered_by_input_where_asked) {
  auto chosen = options();
  chosen.order = ordering::input;
  elsewhere other(3);
  gathered<int, int> done;
  const auto run = process(
      numbers(300),
      [&](int item, completer<int> finish) {
        if (item % 3 == 0) return finish.succeed(item);
        other.post([item, finish = std::move(finish)]() mutable { finish.succeed(item); });
      },
      done.collector(), chosen);
  expect_counts(run, 300);
  EXPECT_TRUE(done.is_in_input_order());
}

TEST(async, void_items_succeed_without_a_value) {
  elsewhere other;
  int collected = 0;
  const auto run = process(
      numbers(10),
      [&](int, completer<void> finish) {
        other.post([finish = std::move(finish)]() mutable { finish.succeed(); });
      },
      [&] { ++collected; });
  expect_counts(run, 10);
  EXPECT_EQ(collected, 10);
}

TEST(async, results_may_be_move_only) {
  gathered<int, std::unique_ptr<int>> done;
  const auto run = process(
      numbers(10),
      [](int& item, completer<std::unique_ptr<int>> finish) {
        finish.succeed(std::make_unique<int>(item));
      },
      done.collector());
  expect_counts(run, 10);
  for (const auto& one : done) EXPECT_EQ(*one.result.value(), one.item);
}

TEST(async, a_failure_given_to_the_completer_arrives_as_it_is) {
  elsewhere other;
  gathered<int, int> done;
  const auto run = process(
      numbers(2),
      [&](int item, completer<int> finish) {
        failure why = item == 0 ? failure(failure_kind::error, "no luck")
                                : failure(std::make_error_code(std::errc::timed_out));
        other.post([why, finish = std::move(finish)]() mutable { finish.fail(why); });
      },
      done.collector());
  expect_counts(run, 0, 2);
  EXPECT_EQ(done.at_index(0).result.error().kind(), failure_kind::error);
  EXPECT_EQ(done.at_index(0).result.error().message(), "no luck");
  EXPECT_EQ(done.at_index(1).result.error().code(), std::errc::timed_out);
}

TEST(async, an_unused_completer_fails_its_item_as_abandoned) {
  elsewhere other;
  gathered<int, int> done;
  const auto run = process(
      numbers(10),
      [&](int item, completer<int> finish) {
        if (item % 2 == 0) return;  // destroyed by this call
        other.post([finish = std::move(finish)] {});
      },
      done.collector());
  expect_counts(run, 0, 10);
  for (const auto& one : done) {
    EXPECT_EQ(one.result.error().kind(), failure_kind::abandoned);
    EXPECT_EQ(one.attempts, 1u);
  }
}

TEST(async, moving_a_completer_abandons_nothing) {
  gathered<int, int> done;
  const auto run = process(
      numbers(10),
      [](int item, completer<int> finish) {
        completer<int> moved = std::move(finish);
        auto kept = std::make_unique<completer<int>>(std::move(moved));
        kept->succeed(item);
      },
      done.collector());
  expect_counts(run, 10);
}

// Exceptions

TEST(async, an_exception_fails_the_item_whose_completer_was_not_used) {
  gathered<int, int> done;
  const auto run = process(
      numbers(5), [](int, completer<int>) { throw std::runtime_error("refused"); },
      done.collector());
  expect_counts(run, 0, 5);
  for (const auto& one : done) {
    EXPECT_EQ(one.result.error().kind(), failure_kind::exception);
    EXPECT_EQ(one.result.error().message(), "refused");
  }
}

TEST(async, an_exception_after_the_completer_was_used_changes_nothing) {
  elsewhere other;
  gathered<int, int> done;
  const auto run = process(
      numbers(20),
      [&](int item, completer<int> finish) {
        gate used;
        if (item % 2 == 0) {
          finish.succeed(item);
        } else {
          other.post([&, finish = std::move(finish)]() mutable {
            finish.succeed(item);
            used.open();
          });
          used.wait();
        }
        throw std::runtime_error("too late");
      },
      done.collector());
  expect_counts(run, 20);
  EXPECT_TRUE(done.has_every_index_once());
}

// Lifetimes and bounds

TEST_F(async_leak, the_item_stays_where_it_is_until_it_is_finished_and_the_call_has_returned) {
  elsewhere other;
  const auto run = process(
      counted_items(100),
      [&](counted& item, completer<std::uint64_t> finish) {
        const std::uint64_t id = item.id();
        if (id % 2 == 0) {  // finished first, while the call still looks at the item
          gate finished;
          other.post([&, finish = std::move(finish)]() mutable {
            finish.succeed(id);
            finished.open();
          });
          finished.wait();
          EXPECT_EQ(item.id(), id);
        } else {  // the call has returned, the item is not finished
          other.post([&item, id, finish = std::move(finish)]() mutable {
            EXPECT_EQ(item.id(), id);
            finish.succeed(item.id());
          });
        }
      },
      [](std::uint64_t) {}, {.workers = 4});
  expect_counts(run, 100);
}

TEST(async, a_single_worker_keeps_as_many_items_outstanding_as_the_queue_holds) {
  constexpr std::uint64_t count = 1000;
  constexpr std::size_t queue = 10;
  elsewhere other;
  tally started;
  crowd outstanding;
  const parwork::options chosen{.workers = 1, .queue = queue};
  const auto run = process(
      numbers(count),
      [&](int item, completer<int> finish) {
        auto inside = std::make_unique<crowd::visit>(outstanding);
        started.add();
        const auto until = std::min(count, static_cast<std::uint64_t>(item) + queue);
        other.post(
            [&, item, until, inside = std::move(inside), finish = std::move(finish)]() mutable {
              started.wait_for(until);
              inside.reset();
              finish.succeed(item);
            });
      },
      [](completion<int, int>) {}, chosen);
  expect_consistent(run, chosen);
  expect_counts(run, count);
  EXPECT_EQ(outstanding.peak(), static_cast<int>(queue));
  EXPECT_EQ(run.peak_in_flight, queue);
}

TEST(async, the_run_waits_for_items_that_are_finished_after_the_generator_has_ended) {
  elsewhere other;
  gate ended;
  int collected = 0;
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        if (next < 5) return next++;
        ended.open();
        return std::nullopt;
      },
      [&](int, completer<void> finish) {
        other.post([&, finish = std::move(finish)]() mutable {
          ended.wait();
          finish.succeed();
        });
      },
      [&](completion<int, void>) { ++collected; }, {.workers = 2});
  expect_counts(run, 5);
  EXPECT_EQ(collected, 5);
}

TEST(async, the_collector_is_not_called_on_the_thread_that_finishes_items) {
  elsewhere other;
  thread_log collectors;
  const auto run = process(
      numbers(200),
      [&](int item, completer<int> finish) {
        other.post([item, finish = std::move(finish)]() mutable { finish.succeed(item); });
      },
      [&](completion<int, int>) { collectors.note(); }, {.workers = 2});
  expect_counts(run, 200);
  EXPECT_FALSE(collectors.has(other.id()));
}

TEST(async, the_finishing_thread_may_outlive_the_run) {
  elsewhere other(2);
  for (int round = 0; round < 500; ++round) {
    const auto run = process(
        numbers(2),
        [&](int item, completer<int> finish) {
          other.post([item, finish = std::move(finish)]() mutable { finish.succeed(item); });
        },
        [](completion<int, int>) {}, {.workers = 2});
    ASSERT_EQ(run.succeeded, 2u);
  }
}

// What the completer has in place of a context

TEST(async, a_completer_knows_index_attempt_and_deadline) {
  gathered<int, std::uint64_t> done;
  const auto run = process(
      numbers(10),
      [](int, completer<std::uint64_t> finish) {
        EXPECT_EQ(finish.attempt(), 1u);
        EXPECT_FALSE(finish.deadline());
        EXPECT_FALSE(finish.stop_token().stop_requested());
        finish.succeed(finish.index());
      },
      done.collector());
  expect_counts(run, 10);
  for (const auto& one : done) EXPECT_EQ(one.result.value(), one.index);
}

TEST(async, its_stop_token_is_requested_by_the_deadline_and_a_late_success_is_a_timeout) {
  elsewhere other;
  gathered<int, int> done;
  const parwork::options chosen{.workers = 1, .timeout = 2ms};
  const auto run = process(
      numbers(5),
      [&](int item, completer<int> finish) {
        other.post([item, finish = std::move(finish)]() mutable {
          wait_for_stop(finish.stop_token());
          EXPECT_GE(std::chrono::steady_clock::now(), finish.deadline().value());
          finish.succeed(item);
        });
      },
      done.collector(), chosen);
  expect_counts(run, 0, 5);
  EXPECT_FALSE(run.stopped);
  for (const auto& one : done) {
    EXPECT_EQ(one.result.error().kind(), failure_kind::timeout);
    EXPECT_EQ(one.attempts, 1u);
  }
}

TEST(async, its_stop_token_is_requested_by_a_stop_and_outstanding_items_are_waited_for) {
  elsewhere other(4);
  std::stop_source stop;
  tally started;
  gathered<int, int> done;
  const parwork::options chosen{.workers = 2, .queue = 4, .stop = stop.get_token()};
  const auto run = process([next = 0]() -> std::optional<int> { return next; },
                           [&](int item, completer<int> finish) {
                             other.post([&, item, finish = std::move(finish)]() mutable {
                               started.add();
                               started.wait_for(4);
                               stop.request_stop();
                               wait_for_stop(finish.stop_token());
                               finish.succeed(item);
                             });
                           },
                           done.collector(), chosen);
  expect_consistent(run, chosen);
  EXPECT_TRUE(run.stopped);
  EXPECT_GE(run.succeeded, 4u);
  EXPECT_EQ(done.size(), run.produced);
}

// Retries

TEST_P(async_sweep, failed_attempts_are_retried) {
  auto chosen = options();
  chosen.retry.max_attempts = 4;
  elsewhere other;
  gathered<counted, unsigned> done;
  const auto run = process(
      counted_items(100),
      [&](const counted& item, completer<unsigned> finish) {
        const unsigned attempt = finish.attempt();
        if (attempt > item.id() % 4) return finish.succeed(attempt);
        if (attempt == 1) return;  // abandoned
        if (attempt == 2) throw std::runtime_error("second");
        other.post([finish = std::move(finish)]() mutable {
          finish.fail(failure(failure_kind::error, "third"));
        });
      },
      done.collector(), chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 100);
  EXPECT_EQ(run.retries, 25u * (0 + 1 + 2 + 3));
  for (const auto& one : done) {
    EXPECT_EQ(one.attempts, one.item.id() % 4 + 1);
    EXPECT_EQ(one.result.value(), one.attempts);
  }
}

TEST(async, the_last_failure_counts_when_all_attempts_are_used_up) {
  parwork::options chosen;
  chosen.retry.max_attempts = 3;
  gathered<int, int> done;
  const auto run = process(
      numbers(4),
      [](int, completer<int> finish) {
        finish.fail(failure(failure_kind::error, std::to_string(finish.attempt())));
      },
      done.collector(), chosen);
  expect_counts(run, 0, 4);
  for (const auto& one : done) EXPECT_EQ(one.result.error().message(), "3");
}

TEST(async, a_failure_is_thrown_where_the_collector_takes_results) {
  try {
    (void)process(
        numbers(10),
        [](int item, completer<int> finish) {
          if (item != 3) finish.succeed(item);
        },
        [](int) {}, {.workers = 1});
    FAIL() << "nothing was thrown";
  } catch (const parwork::item_failed& thrown) {
    EXPECT_EQ(thrown.index(), 3u);
    EXPECT_EQ(thrown.failure().kind(), failure_kind::abandoned);
  }
}

}  // namespace
