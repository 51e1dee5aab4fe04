// What process does where the generator, the collector or another callable throws.
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/coroutine_range.hpp"
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
using parwork::context;
using parwork::ordering;
using parwork::process;
using parwork::runs_on;

struct generator_broke : std::runtime_error {
  generator_broke() : runtime_error("generator") {}
};
struct collector_broke : std::runtime_error {
  collector_broke() : runtime_error("collector") {}
};

class throwing_sweep : public sweep {
 protected:
  /// Every way in which the parts can be placed and ordered.
  std::vector<parwork::options> placements() const {
    std::vector<parwork::options> all;
    for (const auto generator : {runs_on::workers, runs_on::own_thread, runs_on::caller}) {
      for (const auto collector : {runs_on::workers, runs_on::own_thread, runs_on::caller}) {
        for (const auto order : {ordering::completion, ordering::input}) {
          auto chosen = options();
          chosen.order = order;
          chosen.generator_runs_on = generator;
          chosen.collector_runs_on = collector;
          all.push_back(chosen);
        }
      }
    }
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(all, throwing_sweep, sweep_values(), sweep_name);
class throwing_leak : public leak_check {};

/// Yields `count` items, then throws.
auto breaking_after(std::uint64_t count) {
  return [count, next = std::uint64_t{0}]() mutable -> std::optional<counted> {
    if (next == count) throw generator_broke();
    return counted(next++);
  };
}

// The generator

TEST_P(throwing_sweep, items_taken_before_the_generator_threw_are_all_collected) {
  for (const auto& chosen : placements()) {
    gathered<counted, std::uint64_t> done;
    EXPECT_THROW((void)process(
                     breaking_after(50), [](const counted& item) { return item.id(); },
                     done.collector(), chosen),
                 generator_broke);
    ASSERT_EQ(done.size(), 50u);
    EXPECT_TRUE(done.has_every_index_once());
    for (const auto& one : done) EXPECT_EQ(one.result.value(), one.item.id());
  }
}

TEST_P(throwing_sweep, a_generator_that_throws_at_once_leaves_nothing_to_collect) {
  EXPECT_THROW((void)process(
                   breaking_after(0), [](const counted&) { ADD_FAILURE(); },
                   [](completion<counted, void>) { ADD_FAILURE(); }, options()),
               generator_broke);
}

TEST_P(throwing_sweep, items_taken_before_the_generator_threw_are_retried_as_ever) {
  auto chosen = options();
  chosen.retry.max_attempts = 3;
  chosen.retry.backoff = 20us;
  gathered<counted, unsigned> done;
  EXPECT_THROW((void)process(
                   breaking_after(30),
                   [](const counted&, context& ctx) {
                     if (ctx.attempt() < 3) throw std::runtime_error("again");
                     return ctx.attempt();
                   },
                   done.collector(), chosen),
               generator_broke);
  ASSERT_EQ(done.size(), 30u);
  for (const auto& one : done) EXPECT_EQ(one.result.value(), 3u);
}

coroutine_range<int> breaking_ints(int count) {
  for (int i = 0; i < count; ++i) co_yield int{i};
  throw generator_broke();
}

TEST(throwing, a_range_that_throws_counts_as_a_generator_that_throws) {
  gathered<int, int> done;
  EXPECT_THROW((void)process(
                   breaking_ints(20), [](int item) { return item; }, done.collector()),
               generator_broke);
  EXPECT_EQ(done.size(), 20u);
}

TEST(throwing, what_the_generator_throws_may_be_of_any_type) {
  EXPECT_THROW((void)process([]() -> std::optional<int> { throw 42; }, [](int) {},
                             [](completion<int, void>) {}),
               int);
}

// The collector

TEST_P(throwing_sweep, after_the_collector_threw_it_is_not_called_again_and_the_run_stops) {
  for (const auto& chosen : placements()) {
    std::atomic<std::uint64_t> generated = 0;
    std::uint64_t collected = 0;
    EXPECT_THROW((void)process([&] { return std::optional(counted(generated++)); },
                               [](const counted& item) { return item.id(); },
                               [&](completion<counted, std::uint64_t>) {
                                 if (++collected == 20) throw collector_broke();
                               },
                               chosen),
                 collector_broke);
    EXPECT_EQ(collected, 20u);
    EXPECT_EQ(counted::live(), 0);
  }
}

TEST_P(throwing_sweep, a_result_collector_may_throw_too) {
  std::uint64_t collected = 0;
  EXPECT_THROW((void)process(
                   counted_items(1'000'000), [](const counted& item) { return item.id(); },
                   [&](std::uint64_t) {
                     if (++collected == 20) throw collector_broke();
                   },
                   options()),
               collector_broke);
  EXPECT_EQ(collected, 20u);
}

TEST_P(throwing_sweep, process_waits_for_running_work_before_it_rethrows) {
  crowd working;
  EXPECT_THROW((void)process(
                   counted_items(1000),
                   [&](const counted&, context& ctx) {
                     const auto visit = working.enter();
                     return ctx.index();
                   },
                   [](completion<counted, std::uint64_t>) { throw collector_broke(); }, options()),
               collector_broke);
  EXPECT_EQ(working.inside(), 0);
}

TEST(throwing, the_last_completion_may_throw) {
  EXPECT_THROW((void)process(
                   numbers(10), [](int) {},
                   [count = 0](completion<int, void>) mutable {
                     if (++count == 10) throw collector_broke();
                   }),
               collector_broke);
}

// Both

TEST(throwing, the_generators_exception_wins_where_it_came_first) {
  // Item 0 is finished once the generator has thrown on the only thread that can collect it.
  elsewhere other;
  gate threw;
  bool collected = false;
  EXPECT_THROW((void)process(
                   [&, next = 0]() mutable -> std::optional<int> {
                     if (next < 5) return next++;
                     threw.open();
                     throw generator_broke();
                   },
                   [&](int item, completer<int> finish) {
                     if (item > 0) return finish.succeed(item);
                     other.post([&, finish = std::move(finish)]() mutable {
                       threw.wait();
                       finish.succeed(0);
                     });
                   },
                   [&](completion<int, int> done) {
                     if (done.item > 0) return;
                     collected = true;
                     throw collector_broke();
                   },
                   {.workers = 1}),
               generator_broke);
  EXPECT_TRUE(collected);
}

TEST(throwing, the_collectors_exception_wins_where_it_came_first) {
  gate stopped;
  EXPECT_THROW((void)process(
                   [&, next = 0]() mutable -> std::optional<int> {
                     if (next < 2) return next++;
                     stopped.wait();
                     throw generator_broke();
                   },
                   [&](int item, context& ctx) {
                     if (item == 0) {
                       wait_for_stop(ctx.stop_token());  // requested by the collector's exception
                       stopped.open();
                     }
                     return item;
                   },
                   [](completion<int, int> done) {
                     if (done.item == 1) throw collector_broke();
                   },
                   {.workers = 3}),
               collector_broke);
}

// Other callables

TEST_P(throwing_sweep, an_exception_of_on_progress_ends_the_run_as_one_of_the_collector) {
  auto chosen = options();
  chosen.progress_every = 1ns;
  chosen.on_progress = [](const parwork::progress&) { throw std::domain_error("progress"); };
  std::atomic<std::uint64_t> generated = 0;
  EXPECT_THROW((void)process([&] { return std::optional(counted(generated++)); },
                             [](const counted&) {}, [](completion<counted, void>) {}, chosen),
               std::domain_error);
}

TEST(throwing, an_exception_of_the_last_progress_is_thrown_too) {
  EXPECT_THROW((void)process(
                   numbers(3), [](int) {}, [](completion<int, void>) {},
                   {.on_progress = [](const auto&) { throw std::domain_error("progress"); },
                    .progress_every = 1h}),
               std::domain_error);
}

TEST_P(throwing_sweep, an_exception_of_retry_if_ends_the_run_as_one_of_the_collector) {
  auto chosen = options();
  chosen.retry.max_attempts = 3;
  chosen.retry.retry_if = [](const parwork::failure&) -> bool {
    throw std::domain_error("retry_if");
  };
  std::atomic<std::uint64_t> generated = 0;
  EXPECT_THROW((void)process([&] { return std::optional(counted(generated++)); },
                             [](const counted& item) {
                               if (item.id() == 20) throw std::runtime_error("twenty");
                             },
                             [](completion<counted, void>) {}, chosen),
               std::domain_error);
}

TEST_P(throwing_sweep, the_pool_is_as_good_as_new_after_an_exception) {
  for (int round = 0; round < 10; ++round) {
    EXPECT_THROW(
        (void)process(breaking_after(5), [](const counted&) {}, [] {}, options()), generator_broke);
    EXPECT_THROW(
        (void)process(
            counted_items(100), [](const counted&) {}, [] { throw collector_broke(); }, options()),
        collector_broke);
    expect_counts(process(counted_items(20), [](const counted&) {}, [] {}, options()), 20);
  }
}

// pthread_cancel

TEST_F(throwing_leak, a_cancelled_thread_leaves_a_run_when_it_is_over) {
  struct left {
    ~left() { ++times; }
    std::atomic<int>& times;
  };
  std::atomic<int> unwound = 0;
  std::atomic<int> worked = 0;
  std::atomic<bool> returned = false;
  std::latch begun(1);
  std::latch cancelled(1);
  std::thread caller([&] {
    const left scope{unwound};
    const auto run = process(
        counted_items(50),
        [&](const counted& item) {
          if (item.id() == 0) {
            begun.count_down();
            cancelled.wait();
          }
          pthread_testcancel();
          ++worked;
        },
        [](completion<counted, void>) {}, {.workers = 3});
    returned = run.succeeded > 0;
  });
  begun.wait();
  const pthread_t thread = caller.native_handle();
  ASSERT_EQ(pthread_cancel(thread), 0);
  cancelled.count_down();
  caller.join();
  EXPECT_EQ(worked, 50);
  EXPECT_EQ(unwound, 1);
  EXPECT_FALSE(returned);
}

TEST_F(throwing_leak, a_cancelled_thread_leaves_a_loop_over_a_run) {
  std::latch begun(1);
  std::latch cancelled(1);
  std::atomic<bool> returned = false;
  std::thread caller([&] {
    for (const auto& done : parwork::results(
             counted_items(50), [](const counted& item) { return item.id(); }, {.workers = 3})) {
      if (done.index != 0) continue;
      begun.count_down();
      cancelled.wait();
    }
    returned = true;
  });
  begun.wait();
  ASSERT_EQ(pthread_cancel(caller.native_handle()), 0);
  cancelled.count_down();
  caller.join();
  EXPECT_FALSE(returned);
}

}  // namespace
