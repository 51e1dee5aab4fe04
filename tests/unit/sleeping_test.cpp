// While a run has nothing to do its threads sleep. Each test holds one part of a run for a while
// and counts the CPU time that the whole process used meanwhile: a thread that spun would use all
// of it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/elsewhere.hpp"
#include "support/os_threads.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completer;
using parwork::completion;
using parwork::options;
using parwork::process;
using parwork::runs_on;

constexpr auto held = 200ms;

/// Blocks the calling thread and hands back the CPU time that all threads used meanwhile.
std::chrono::microseconds cpu_time_while_blocked() {
  const auto before = cpu_time_used();
  std::this_thread::sleep_for(held);
  return cpu_time_used() - before;
}

/// One spinning thread would use `held`, several of them as much each.
void expect_sleep(std::chrono::microseconds used) { EXPECT_LT(used, held / 2); }

class sleeping : public testing::TestWithParam<runs_on> {
 protected:
  options with_workers(unsigned workers) const {
    return {.workers = workers, .generator_runs_on = GetParam(), .collector_runs_on = GetParam()};
  }
};
INSTANTIATE_TEST_SUITE_P(all, sleeping,
                         testing::Values(runs_on::workers, runs_on::own_thread, runs_on::caller),
                         [](const auto& info) {
                           if (info.param == runs_on::workers) return "workers";
                           return info.param == runs_on::caller ? "caller" : "own_thread";
                         });

TEST_P(sleeping, workers_sleep_while_the_generator_blocks) {
  std::chrono::microseconds used{};
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        if (next == 50) used = cpu_time_while_blocked();
        return next < 100 ? std::optional(next++) : std::nullopt;
      },
      [](int) {}, [](completion<int, void>) {}, with_workers(8));
  expect_counts(run, 100);
  expect_sleep(used);
}

TEST_P(sleeping, workers_sleep_while_one_item_is_slow) {
  std::chrono::microseconds used{};
  const auto run = process(
      numbers(10),
      [&](int item) {
        if (item == 5) used = cpu_time_while_blocked();
      },
      [](completion<int, void>) {}, with_workers(8));
  expect_counts(run, 10);
  expect_sleep(used);
}

TEST_P(sleeping, workers_sleep_while_a_slow_item_holds_up_the_order) {
  std::chrono::microseconds used{};
  auto chosen = with_workers(8);
  chosen.order = parwork::ordering::input;
  chosen.queue = 20;
  const auto run = process(
      numbers(100),
      [&](int item) {
        if (item == 5) used = cpu_time_while_blocked();
      },
      [](completion<int, void>) {}, chosen);
  expect_counts(run, 100);
  expect_sleep(used);
}

TEST_P(sleeping, workers_sleep_while_the_collector_blocks_and_the_queue_is_full) {
  std::chrono::microseconds used{};
  auto chosen = with_workers(8);
  chosen.queue = 7;
  const auto run = process(
      numbers(100), [](int) {},
      [&, count = 0](completion<int, void>) mutable {
        if (++count == 20) used = cpu_time_while_blocked();
      },
      chosen);
  expect_counts(run, 100);
  expect_sleep(used);
}

TEST_P(sleeping, workers_sleep_while_asynchronous_items_are_outstanding) {
  std::chrono::microseconds used{};
  elsewhere other;
  const auto run = process(
      numbers(10),
      [&](int item, completer<int> finish) {
        other.post([&, item, finish = std::move(finish)]() mutable {
          if (item == 9) used = cpu_time_while_blocked();
          finish.succeed(item);
        });
      },
      [](completion<int, int>) {}, with_workers(8));
  expect_counts(run, 10);
  expect_sleep(used);
}

TEST_P(sleeping, workers_sleep_while_an_item_waits_for_its_retry) {
  std::chrono::microseconds used{};
  std::stop_source stop;
  gate failed;
  std::jthread watcher([&] {
    failed.wait();
    used = cpu_time_while_blocked();
    stop.request_stop();
  });
  auto chosen = with_workers(8);
  chosen.retry = {.max_attempts = 2, .backoff = 1h, .max_backoff = 1h};
  chosen.stop = stop.get_token();
  const auto run = process(
      numbers(1),
      [&](int) {
        failed.open();
        throw std::runtime_error("later");
      },
      [](completion<int, void>) {}, chosen);
  expect_counts(run, 0, 1);
  watcher.join();
  expect_sleep(used);
}

TEST_P(sleeping, workers_sleep_once_spawned_items_are_done) {
  std::chrono::microseconds used{};
  tally children;
  const auto run = process(
      numbers(2),
      [&](int item, parwork::context& ctx) {
        if (item == 0) {
          for (int child = 0; child < 20; ++child) ctx.spawn(100 + child);
        } else if (item == 1) {
          children.wait_for(20);
          used = cpu_time_while_blocked();
        } else {
          children.add();
        }
      },
      [](completion<int, void>) {}, with_workers(8));
  expect_counts(run, 22);
  expect_sleep(used);
}

TEST(sleeping_alone, a_pool_without_runs_sleeps) {
  parwork::pool own(8);
  expect_counts(
      process(
          numbers(100), [](int) {}, [](completion<int, void>) {}, {.workers = 8, .run_on = &own}),
      100);
  expect_sleep(cpu_time_while_blocked());
}

TEST(sleeping_alone, a_nested_run_sleeps_while_its_helper_is_slow) {
  std::chrono::microseconds used{};
  parwork::pool own(4);
  const auto run = process(
      numbers(1),
      [&](int) {
        rendezvous both(2);
        const auto nested = process(
            numbers(2),
            [&](int item) {
              both.arrive_and_wait();
              if (item == 0) used = cpu_time_while_blocked();
            },
            [](completion<int, void>) {}, {.workers = 4});
        EXPECT_EQ(nested.succeeded, 2u);
      },
      [](completion<int, void>) {}, {.workers = 4, .run_on = &own});
  expect_counts(run, 1);
  expect_sleep(used);
}

}  // namespace
