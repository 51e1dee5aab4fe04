// spawn: work that adds items to its run.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::context;
using parwork::failure_policy;
using parwork::ordering;
using parwork::process;

class spawn_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, spawn_sweep, sweep_values(), sweep_name);
class spawn_leak : public leak_check {};

/// A node of a tree: it spawns `width` children until `depth` is 0.
struct node {
  counted marker;
  int depth;
};

auto one_root(int depth) {
  return [depth, given = false]() mutable -> std::optional<node> {
    if (std::exchange(given, true)) return std::nullopt;
    return node{counted(0), depth};
  };
}

auto spawning(int width) {
  return [width](const node& parent, context& ctx) {
    if (parent.depth == 0) return;
    for (int i = 0; i < width; ++i) ctx.spawn(node{counted(1), parent.depth - 1});
  };
}

// Counts and order

TEST_P(spawn_sweep, spawned_items_count_as_produced_and_the_run_ends_after_them) {
  std::set<std::uint64_t> indices;
  const auto run = process(
      one_root(9), spawning(2),
      [&](completion<node, void> done) {
        EXPECT_TRUE(done.result);
        EXPECT_NE(done.item.marker.id(), counted::nobody);
        indices.insert(done.index);
      },
      options());
  expect_consistent(run, options());
  expect_counts(run, 1023);
  EXPECT_EQ(indices.size(), 1023u);
  EXPECT_EQ(*indices.rbegin(), 1022u) << "indices have gaps";
}

TEST_P(spawn_sweep, generator_and_spawned_items_together_have_every_index_once) {
  gathered<int, int> done;
  const auto run = process(
      numbers(200),
      [](int item, context& ctx) {
        if (item < 1000 && item % 3 == 0) {
          ctx.spawn(item + 1000);
          ctx.spawn(item + 2000);
        }
        return item;
      },
      done.collector(), options());
  expect_consistent(run, options());
  expect_counts(run, 200 + 2 * 67);
  EXPECT_TRUE(done.has_every_index_once());
}

TEST(spawn, indices_are_in_order_of_spawning) {
  std::vector<std::pair<int, std::uint64_t>> order;
  const auto run = process(
      numbers(1),
      [&](int item, context& ctx) {
        order.emplace_back(item, ctx.index());
        if (item == 0) {
          for (int child = 1; child <= 50; ++child) ctx.spawn(int{child});
        }
      },
      [](completion<int, void>) {}, {.workers = 1});
  expect_counts(run, 51);
  for (const auto& [item, index] : order) EXPECT_EQ(index, static_cast<std::uint64_t>(item));
}

TEST(spawn, a_single_worker_takes_the_newest_first) {
  std::vector<std::string> order;
  const auto run = process(
      std::vector<std::string>{"a"},
      [&](const std::string& item, context& ctx) {
        order.push_back(item);
        if (item.size() == 3) return;
        for (const char* suffix : {"1", "2", "3"}) ctx.spawn(item + suffix);
      },
      [](completion<std::string, void>) {}, {.workers = 1});
  expect_counts(run, 13);
  EXPECT_EQ(order, (std::vector<std::string>{"a", "a3", "a33", "a32", "a31", "a2", "a23", "a22",
                                             "a21", "a1", "a13", "a12", "a11"}));
}

TEST(spawn, spawned_items_come_before_new_generator_items) {
  std::vector<int> order;
  const auto run = process(
      numbers(6),
      [&](int item, context& ctx) {
        order.push_back(item);
        if (item < 10) ctx.spawn(item + 10);
      },
      [](completion<int, void>) {}, {.workers = 1});
  expect_counts(run, 12);
  EXPECT_EQ(order, (std::vector<int>{0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15}));
}

TEST(spawn, spawned_items_come_before_items_that_were_taken_and_not_started) {
  std::vector<int> order;
  const auto run = process(
      numbers(2000),
      [&](int item, context& ctx) {
        order.push_back(item);
        if (item == 700) ctx.spawn(100'000);  // by now many are taken at once
      },
      [](completion<int, void>) {}, {.workers = 1});
  expect_counts(run, 2001);
  ASSERT_EQ(order.size(), 2001u);
  EXPECT_EQ(order.at(701), 100'000);
}

TEST(spawn, spawned_items_are_worked_on_while_the_generator_blocks) {
  tally worked;
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        if (next == 1) worked.wait_for(101);
        return next < 2 ? std::optional(next++) : std::nullopt;
      },
      [&](int item, context& ctx) {
        worked.add();
        if (item == 0) {
          for (int child = 0; child < 100; ++child) ctx.spawn(1000 + child);
        }
      },
      [](completion<int, void>) {}, {.workers = 2});
  expect_counts(run, 102);
}

TEST(spawn, other_workers_help_with_spawned_items) {
  rendezvous all(4);
  const auto run = process(
      numbers(1),
      [&](int item, context& ctx) {
        if (item == 0) {
          for (int child = 1; child <= 3; ++child) ctx.spawn(int{child});
        }
        all.arrive_and_wait();  // the parent waits for its children
      },
      [](completion<int, void>) {}, {.workers = 4});
  expect_counts(run, 4);
}

// Kinds of items and runs

TEST(spawn, items_may_be_move_only) {
  int sum = 0;
  const auto run = process(
      [given = false]() mutable {
        return std::exchange(given, true) ? nullptr : std::make_unique<int>(3);
      },
      [](std::unique_ptr<int>& item, context& ctx) {
        if (*item > 0) {
          ctx.spawn(std::make_unique<int>(*item - 1));
          ctx.spawn(std::make_unique<int>(*item - 1));
        }
        return *item;
      },
      [&](int result) { sum += result; });
  expect_counts(run, 15);
  EXPECT_EQ(sum, 3 + 2 * 2 + 4 * 1);
}

TEST(spawn, works_from_per_worker_work_and_over_split) {
  std::vector<int> roots(10, 2);
  std::atomic<int> leaves = 0;
  const auto run = process(parwork::split(roots),
                           parwork::per_worker([] { return 0; },
                                               [&](int&, int item, context& ctx) {
                                                 if (item == 0) {
                                                   ++leaves;
                                                 } else {
                                                   ctx.spawn(item - 1);
                                                   ctx.spawn(item - 1);
                                                 }
                                               }),
                           [] {}, {.workers = 4});
  expect_counts(run, 70);
  EXPECT_EQ(leaves, 40);
}

TEST(spawn, works_with_reduce) {
  auto sum = parwork::reduce(
      0, [](int& total, int one) { total += one; }, [](int& total, int other) { total += other; });
  const auto run = process(numbers(1),
                           [](int item, context& ctx) {
                             if (item < 10) {
                               ctx.spawn(item + 1);
                               ctx.spawn(item + 1);
                             }
                             return 1;
                           },
                           sum, {.workers = 4});
  expect_counts(run, 2047);
  EXPECT_EQ(sum.value(), 2047);
}

TEST_P(spawn_sweep, children_of_a_failed_attempt_stay_in_the_run) {
  auto chosen = options();
  chosen.retry.max_attempts = 2;
  std::atomic<int> children = 0;
  const auto run = process(
      numbers(20),
      [&](int item, context& ctx) {
        if (item >= 1000) {
          ++children;
          return;
        }
        ctx.spawn(item + 1000);
        if (ctx.attempt() == 1) throw std::runtime_error("once more");
      },
      [](completion<int, void>) {}, chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 20 + 40);
  EXPECT_EQ(children, 40);
  EXPECT_EQ(run.retries, 20u);
}

TEST(spawn, a_failed_child_is_thrown_with_its_own_index) {
  try {
    (void)process(
        numbers(1),
        [](int item, context& ctx) -> std::expected<int, std::string> {
          if (item == 7) return std::unexpected("seven");
          ctx.spawn(7);
          return item;
        },
        [](int) {}, {.workers = 1});
    FAIL() << "nothing was thrown";
  } catch (const parwork::item_failed& thrown) {
    EXPECT_EQ(thrown.index(), 1u);
    EXPECT_EQ(thrown.failure().message(), "seven");
  }
}

// Depth, breadth and memory

TEST(spawn, a_chain_may_be_deep) {
  const auto run = process(
      numbers(1),
      [](int item, context& ctx) {
        if (item < 100'000) ctx.spawn(item + 1);
      },
      [](completion<int, void>) {}, {.workers = 2, .queue = 1});
  expect_counts(run, 100'001);
}

TEST(spawn, a_level_may_be_wide) {
  const auto run = process(
      numbers(1),
      [](int item, context& ctx) {
        if (item > 0) return;
        for (int child = 1; child <= 100'000; ++child) ctx.spawn(int{child});
      },
      [](completion<int, void>) {}, {.workers = 2, .queue = 1});
  expect_counts(run, 100'001);
  EXPECT_EQ(run.peak_in_flight, 1u) << "spawned items are set aside";
}

TEST_F(spawn_leak, memory_follows_depth_and_not_breadth) {
  constexpr int depth = 16;
  const auto run =
      process(one_root(depth), spawning(2), [](completion<node, void>) {}, {.workers = 1});
  expect_counts(run, (1u << (depth + 1)) - 1);
  EXPECT_LT(counted::peak(), 1000) << "of " << run.produced;
}

TEST_F(spawn_leak, memory_follows_depth_with_several_workers_and_no_collector_to_wait_for) {
  constexpr int depth = 16;
  auto leaves = parwork::reduce(
      0, [](int& total, int one) { total += one; }, [](int& total, int other) { total += other; });
  const auto run = process(one_root(depth),
                           [](const node& parent, context& ctx) {
                             spawning(2)(parent, ctx);
                             return parent.depth == 0 ? 1 : 0;
                           },
                           leaves, {.workers = 4});
  expect_counts(run, (1u << (depth + 1)) - 1);
  EXPECT_EQ(leaves.value(), 1 << depth);
  EXPECT_LT(counted::peak(), 4000) << "of " << run.produced;
}

// Misuse

TEST(spawn, a_type_that_is_not_the_runs_item_throws_logic_error) {
  int thrown = 0;
  const auto run = process(
      numbers(1),
      [&](int, context& ctx) {
        try {
          ctx.spawn(std::string("no int"));
        } catch (const std::logic_error&) {
          ++thrown;
        }
        try {
          ctx.spawn(1L);
        } catch (const std::logic_error&) {
          ++thrown;
        }
      },
      [](completion<int, void>) {});
  expect_counts(run, 1);
  EXPECT_EQ(thrown, 2);
}

TEST(spawn, with_ordering_by_input_it_throws_logic_error) {
  gathered<int, int> done;
  const auto run = process(numbers(3),
                           [](int item, context& ctx) {
                             ctx.spawn(int{item});
                             return item;
                           },
                           done.collector(), {.order = ordering::input});
  expect_counts(run, 0, 3);
  for (const auto& one : done) {
    EXPECT_THROW(std::rethrow_exception(one.result.error().exception()), std::logic_error);
  }
}

// Stops

TEST_P(spawn_sweep, items_spawned_after_a_stop_arrive_as_cancelled) {
  std::stop_source stop;
  auto chosen = options();
  chosen.stop = stop.get_token();
  gathered<int, int> done;
  const auto run = process(
      numbers(1),
      [&](int item, context& ctx) {
        stop.request_stop();
        for (int child = 1; child <= 10; ++child) ctx.spawn(item + child);
        return item;
      },
      done.collector(), chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 1, 0, 10);
  EXPECT_TRUE(run.stopped);
  EXPECT_TRUE(done.has_every_index_once());
  for (const auto& one : done) EXPECT_EQ(one.attempts, one.item == 0 ? 1u : 0u);
}

TEST_P(spawn_sweep, an_endless_tree_ends_with_a_stop) {
  std::stop_source stop;
  auto chosen = options();
  chosen.stop = stop.get_token();
  std::atomic<int> worked = 0;
  std::uint64_t collected = 0;
  const auto run = process(
      one_root(1),
      [&](const node&, context& ctx) {
        if (++worked == 500) stop.request_stop();
        ctx.spawn(node{counted(1), 1});
        ctx.spawn(node{counted(1), 1});
      },
      [&](completion<node, void>) { ++collected; }, chosen);
  expect_consistent(run, chosen);
  EXPECT_EQ(collected, run.produced);
  EXPECT_GT(run.cancelled, 0u);
}

TEST_P(spawn_sweep, a_failure_that_stops_the_run_cancels_what_was_spawned) {
  auto chosen = options();
  chosen.on_failure = failure_policy::stop;
  std::uint64_t collected = 0;
  const auto run = process(
      one_root(20),
      [&](const node& parent, context& ctx) {
        spawning(2)(parent, ctx);
        if (parent.depth == 10) throw std::runtime_error("half way");
      },
      [&](completion<node, void>) { ++collected; }, chosen);
  expect_consistent(run, chosen);
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(collected, run.produced);
}

struct unassignable {
  const int depth;
};

TEST(spawn, takes_items_without_assignment_with_a_reduction) {
  auto count = parwork::reduce(0, [](int sum) { return sum + 1; }, std::plus<>());
  std::vector<unassignable> roots;
  for (int i = 0; i < 100; ++i) roots.push_back({7});
  const auto summary = parwork::process(
      roots,
      [](const unassignable& item, parwork::context& context) {
        if (item.depth == 0) return;
        context.spawn(unassignable{item.depth - 1});
        context.spawn(unassignable{item.depth - 1});
      },
      count);
  EXPECT_EQ(summary.succeeded, 100U * 255U);
  EXPECT_EQ(count.value(), 100 * 255);
}

}  // namespace
