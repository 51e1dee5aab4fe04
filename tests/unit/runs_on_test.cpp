// Which thread calls the generator, the collector and work.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::ordering;
using parwork::process;
using parwork::runs_on;

/// Who called what in one run.
struct threads {
  thread_log generator;
  thread_log work;
  thread_log collector;
  crowd working;
};

void run_and_log(threads& seen, const parwork::options& chosen, int count = 300) {
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        seen.generator.note();
        return next < count ? std::optional(next++) : std::nullopt;
      },
      [&](int item) {
        const auto visit = seen.working.enter();
        seen.work.note();
        return item;
      },
      [&](completion<int, int>) { seen.collector.note(); }, chosen);
  expect_consistent(run, chosen);
  expect_counts(run, static_cast<std::uint64_t>(count));
}

void expect_place(const thread_log& part, const thread_log& work, runs_on where) {
  const auto caller = std::this_thread::get_id();
  switch (where) {
    case runs_on::caller:
      EXPECT_TRUE(part.only(caller));
      break;
    case runs_on::own_thread:
      EXPECT_EQ(part.size(), 1u);
      EXPECT_FALSE(part.has(caller));
      for (const auto id : part.ids()) EXPECT_FALSE(work.has(id)) << "it is no worker";
      break;
    case runs_on::workers:
      EXPECT_GE(part.size(), 1u);
      break;
  }
}

/// Where generator and collector run, and the number of workers.
class runs_on_places : public testing::TestWithParam<std::tuple<runs_on, runs_on, unsigned>> {
 protected:
  runs_on generator() const { return std::get<0>(GetParam()); }
  runs_on collector() const { return std::get<1>(GetParam()); }
  unsigned workers() const { return std::get<2>(GetParam()); }
};

const char* const place_names[] = {"workers", "own_thread", "caller"};

INSTANTIATE_TEST_SUITE_P(
    all, runs_on_places,
    testing::Combine(testing::Values(runs_on::workers, runs_on::own_thread, runs_on::caller),
                     testing::Values(runs_on::workers, runs_on::own_thread, runs_on::caller),
                     testing::Values(1u, 2u, 4u, 64u)),
    [](const auto& info) {
      return std::string("generator_on_") + place_names[static_cast<int>(std::get<0>(info.param))] +
             "_collector_on_" + place_names[static_cast<int>(std::get<1>(info.param))] +
             "_workers_" + std::to_string(std::get<2>(info.param));
    });

TEST_P(runs_on_places, each_part_is_called_where_it_belongs) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    for (const std::size_t queue : {std::size_t{1}, std::size_t{3}, std::size_t{400}}) {
      threads seen;
      run_and_log(seen, {.workers = workers(),
                         .queue = queue,
                         .order = order,
                         .generator_runs_on = generator(),
                         .collector_runs_on = collector()});
      expect_place(seen.generator, seen.work, generator());
      expect_place(seen.collector, seen.work, collector());
      EXPECT_LE(seen.working.peak(), static_cast<int>(workers()));
      if (workers() == 1) {
        EXPECT_TRUE(seen.work.only(std::this_thread::get_id()));
      }
    }
  }
}

TEST_P(runs_on_places, the_calling_thread_is_a_worker_too) {
  threads seen;
  rendezvous all(workers());
  const auto run = process(
      numbers(static_cast<int>(workers())),
      [&](int) {
        seen.work.note();
        all.arrive_and_wait();
      },
      [](completion<int, void>) {},
      {.workers = workers(), .generator_runs_on = generator(), .collector_runs_on = collector()});
  expect_counts(run, workers());
  EXPECT_EQ(seen.work.size(), workers());
  EXPECT_TRUE(seen.work.has(std::this_thread::get_id()));
}

TEST(runs_on, one_worker_is_the_calling_thread_and_does_everything) {
  threads seen;
  run_and_log(seen, {.workers = 1});
  const auto caller = std::this_thread::get_id();
  EXPECT_TRUE(seen.generator.only(caller));
  EXPECT_TRUE(seen.work.only(caller));
  EXPECT_TRUE(seen.collector.only(caller));
}

TEST(runs_on, in_a_nested_run_the_caller_is_the_worker_that_called) {
  const auto run = process(
      numbers(4),
      [](int) {
        threads seen;
        run_and_log(
            seen, {.generator_runs_on = runs_on::caller, .collector_runs_on = runs_on::caller}, 50);
        EXPECT_TRUE(seen.generator.only(std::this_thread::get_id()));
        EXPECT_TRUE(seen.collector.only(std::this_thread::get_id()));
      },
      [](completion<int, void>) {}, {.workers = 2});
  expect_counts(run, 4);
}

TEST(runs_on, in_a_nested_run_parts_may_have_threads_of_their_own) {
  const auto run = process(
      numbers(4),
      [](int) {
        threads seen;
        run_and_log(
            seen,
            {.generator_runs_on = runs_on::own_thread, .collector_runs_on = runs_on::own_thread},
            50);
        EXPECT_EQ(seen.generator.size(), 1u);
        EXPECT_EQ(seen.collector.size(), 1u);
      },
      [](completion<int, void>) {}, {.workers = 2});
  expect_counts(run, 4);
}

TEST(runs_on, a_blocked_collector_on_its_own_thread_holds_no_worker) {
  // With one worker, work goes on until the queue is full while the collector waits for it.
  tally worked;
  bool first = true;
  const auto run = process(
      numbers(50), [&](int) { worked.add(); },
      [&] {
        if (std::exchange(first, false)) worked.wait_for(20);
      },
      {.workers = 1, .queue = 20, .collector_runs_on = runs_on::own_thread});
  expect_counts(run, 50);
}

// Whoever takes the first item waits in it until the other worker has done all that the queue has
// room for. So a caller that generates has to fill the queue before it takes an item.
TEST(runs_on, a_caller_that_generates_takes_an_item_when_the_queue_is_full) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    for (int round = 0; round < 100; ++round) {
      constexpr int queue = 40;
      tally worked;
      const auto run = process(
          numbers(queue),
          [&](int item) {
            if (item == 0) worked.wait_for(queue - 1);
            worked.add();
          },
          [](completion<int, void>) {},
          {.workers = 2, .queue = queue, .order = order, .generator_runs_on = runs_on::caller});
      expect_counts(run, queue);
    }
  }
}

}  // namespace
