// "An item never waits for a later generator call to return while a worker is free to take it."
// Each generator here blocks until the items before have arrived: one that held items back would
// hang.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/coroutine_range.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::ordering;
using parwork::process;
using parwork::runs_on;

const char* name_of(runs_on where) {
  switch (where) {
    case runs_on::workers:
      return "workers";
    case runs_on::own_thread:
      return "own_thread";
    case runs_on::caller:
      return "caller";
  }
  return "";
}

/// Where the generator and the collector run, and the queue's size.
class blocked_generator : public testing::TestWithParam<std::tuple<runs_on, runs_on, std::size_t>> {
 protected:
  runs_on generator() const { return std::get<0>(GetParam()); }
  runs_on collector() const { return std::get<1>(GetParam()); }
  parwork::options options(unsigned workers) const {
    return {.workers = workers,
            .queue = std::get<2>(GetParam()),
            .generator_runs_on = generator(),
            .collector_runs_on = collector()};
  }

  /// The caller may be the thread that is blocked in the generator; then it cannot collect at the
  /// same time. As a worker it calls a generator that is on workers, too.
  bool can_collect_meanwhile() const {
    return collector() != runs_on::caller || generator() == runs_on::own_thread;
  }

  tally worked_;
  tally collected_;
};

INSTANTIATE_TEST_SUITE_P(
    all, blocked_generator,
    testing::Combine(testing::Values(runs_on::workers, runs_on::own_thread, runs_on::caller),
                     testing::Values(runs_on::workers, runs_on::own_thread, runs_on::caller),
                     testing::Values(std::size_t{1}, std::size_t{2}, std::size_t{7},
                                     std::size_t{400})),
    [](const auto& info) {
      return std::string("generator_on_") + name_of(std::get<0>(info.param)) + "_collector_on_" +
             name_of(std::get<1>(info.param)) + "_queue_" + std::to_string(std::get<2>(info.param));
    });

TEST_P(blocked_generator, every_earlier_item_is_worked_on_meanwhile) {
  constexpr std::uint64_t count = 50;
  const auto chosen = options(2);
  const auto run = process(
      [this, next = std::uint64_t{0}]() mutable -> std::optional<std::uint64_t> {
        worked_.wait_for(next);
        if (next == count) return std::nullopt;
        return next++;
      },
      [this](std::uint64_t) { worked_.add(); }, [](completion<std::uint64_t, void>) {}, chosen);
  expect_consistent(run, chosen);
  expect_counts(run, count);
}

TEST_P(blocked_generator, every_earlier_item_is_collected_meanwhile) {
  if (!can_collect_meanwhile()) return;
  constexpr std::uint64_t count = 50;
  const auto chosen = options(2);
  const auto run = process(
      [this, next = std::uint64_t{0}]() mutable -> std::optional<std::uint64_t> {
        collected_.wait_for(next);
        if (next == count) return std::nullopt;
        return next++;
      },
      [](std::uint64_t) {}, [this](completion<std::uint64_t, void>) { collected_.add(); }, chosen);
  expect_consistent(run, chosen);
  expect_counts(run, count);
}

TEST_P(blocked_generator, items_of_a_burst_are_collected_when_the_next_burst_is_late) {
  if (!can_collect_meanwhile()) return;
  constexpr std::uint64_t count = 2000;
  for (const ordering order : {ordering::completion, ordering::input}) {
    auto chosen = options(3);
    chosen.order = order;
    tally collected;
    // Bursts grow, so that a batch of any size is cut off by a late call.
    std::uint64_t burst_end = 0;
    std::uint64_t burst = 1;
    const auto run = process(
        [&, next = std::uint64_t{0}]() mutable -> std::optional<std::uint64_t> {
          if (next == burst_end) {
            collected.wait_for(next);
            burst_end += burst++;
          }
          if (next == count) {
            collected.wait_for(next);
            return std::nullopt;
          }
          return next++;
        },
        [](std::uint64_t) {}, [&](completion<std::uint64_t, void>) { collected.add(); }, chosen);
    expect_consistent(run, chosen);
    expect_counts(run, count);
  }
}

TEST(blocked_generator_alone, a_generator_on_its_own_thread_needs_but_one_worker) {
  tally collected;
  const auto run = process(
      [&, next = std::uint64_t{0}]() mutable -> std::optional<std::uint64_t> {
        collected.wait_for(next);
        if (next == 50) return std::nullopt;
        return next++;
      },
      [](std::uint64_t) {}, [&](completion<std::uint64_t, void>) { collected.add(); },
      {.workers = 1, .generator_runs_on = runs_on::own_thread});
  expect_counts(run, 50);
}

coroutine_range<std::uint64_t> late(std::uint64_t count, const tally& collected) {
  for (std::uint64_t next = 0; next < count; ++next) {
    collected.wait_for(next);
    co_yield std::uint64_t{next};
  }
  collected.wait_for(count);
}

TEST(blocked_generator_alone, a_range_is_not_advanced_before_its_element_is_on_its_way) {
  tally collected;
  const auto run = process(
      late(50, collected), [](std::uint64_t) {},
      [&](completion<std::uint64_t, void>) { collected.add(); }, {.workers = 2});
  expect_counts(run, 50);
}

// The caller pulls between two items of a batch, too: what it has done of that batch is not to
// wait. Every other worker is held in an item, so that nobody else looks for finished items.
TEST(blocked_generator_alone, what_the_caller_has_done_is_collected_before_it_pulls_on) {
  const auto caller = std::this_thread::get_id();
  for (const runs_on collector : {runs_on::workers, runs_on::own_thread}) {
    constexpr std::uint64_t count = 20'000;
    std::uint64_t worked = 0;  // by the caller, which is the generator's thread
    tally collected;
    gate ended;
    const auto run = process(
        [&, next = std::uint64_t{0}]() mutable -> std::optional<std::uint64_t> {
          collected.wait_for(worked);
          if (next < count) return next++;
          ended.open();
          return std::nullopt;
        },
        [&](std::uint64_t) {
          if (std::this_thread::get_id() == caller) {
            ++worked;
          } else {
            ended.wait();
          }
        },
        [&](completion<std::uint64_t, void>) { collected.add(); },
        {.workers = 2,
         .queue = 400,
         .generator_runs_on = runs_on::caller,
         .collector_runs_on = collector});
    expect_counts(run, count);
  }
}

TEST(blocked_generator_alone, as_many_items_are_worked_on_at_once_as_there_are_workers) {
  for (const unsigned workers : {2u, 4u, 8u, 64u}) {
    rendezvous all(workers);
    const auto run = process(
        numbers(static_cast<int>(workers)), [&](int) { all.arrive_and_wait(); },
        [](completion<int, void>) {}, {.workers = workers});
    expect_counts(run, workers);
  }
}

TEST(blocked_generator_alone, so_are_those_of_a_split_range) {
  for (const unsigned workers : {2U, 4U, 8U}) {
    const std::vector<int> items(workers, 1);
    for (const ordering order : {ordering::completion, ordering::input}) {
      rendezvous all(workers);
      const auto run = process(
          parwork::split(items), [&](int) { all.arrive_and_wait(); }, [](completion<int, void>) {},
          {.workers = workers, .order = order});
      expect_counts(run, workers);
    }
    rendezvous all(workers);
    auto sum = parwork::reduce(0, std::plus<>(), std::plus<>());
    const auto work = [&](int item) {
      all.arrive_and_wait();
      return item;
    };
    process(parwork::split(items), work, sum, {.workers = workers});
    EXPECT_EQ(sum.value(), static_cast<int>(workers));
  }
}

TEST(blocked_generator_alone, items_behind_a_slow_item_go_on_without_it) {
  constexpr int count = 500;
  tally others;
  const auto run = process(
      numbers(count),
      [&](int item) {
        if (item == 100) {
          others.wait_for(count - 1);
        } else {
          others.add();
        }
      },
      [](completion<int, void>) {}, {.workers = 2, .queue = 1000});
  expect_counts(run, count);
}

TEST(blocked_generator_alone, finished_items_are_collected_while_a_later_one_is_slow) {
  constexpr int count = 500;
  for (const int slow : {1, 2, 5, 50, 499}) {
    tally collected;
    const auto run = process(
        numbers(count),
        [&](int item) {
          if (item == slow) collected.wait_for(static_cast<std::uint64_t>(slow));
        },
        [&](completion<int, void>) { collected.add(); }, {.workers = 2});
    expect_counts(run, count);
  }
}

}  // namespace
