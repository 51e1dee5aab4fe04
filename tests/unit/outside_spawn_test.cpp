// spawn on other threads than the attempt's: those that work starts, and those of a nested run.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::context;
using parwork::ordering;
using parwork::process;

class outside_spawn_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, outside_spawn_sweep, sweep_values(), sweep_name);
class outside_spawn_leak : public leak_check {};

/// Of a tree that is `depth` deep below it.
struct branch {
  counted marker;
  int depth;
};

auto one_branch(int depth) {
  return [depth, given = false]() mutable -> std::optional<branch> {
    if (std::exchange(given, true)) return std::nullopt;
    return branch{counted(0), depth};
  };
}

// Spawns `count` children of `parent` on `threads` threads of its own.
void spawn_on_threads(const branch& parent, context& ctx, int threads, int count) {
  if (parent.depth == 0) return;
  std::vector<std::jthread> others;
  for (int i = 0; i < threads; ++i) {
    others.emplace_back([&] {
      for (int child = 0; child < count; ++child) ctx.spawn(branch{counted(1), parent.depth - 1});
    });
  }
}

TEST_P(outside_spawn_sweep, threads_that_work_starts_may_spawn) {
  std::set<std::uint64_t> indices;
  const auto run = process(
      one_branch(3),
      [](const branch& parent, context& ctx) { spawn_on_threads(parent, ctx, 3, 2); },
      [&](completion<branch, void> done) { indices.insert(done.index); }, options());
  expect_consistent(run, options());
  expect_counts(run, 1 + 6 + 36 + 216);
  EXPECT_EQ(indices.size(), run.produced);
  EXPECT_EQ(*indices.rbegin(), run.produced - 1) << "indices have gaps";
}

TEST_P(outside_spawn_sweep, threads_that_work_starts_may_spawn_into_a_reduction) {
  auto count = parwork::reduce(0, [](int sum) { return sum + 1; }, std::plus<>());
  const auto run = process(
      one_branch(3),
      [](const branch& parent, context& ctx) { spawn_on_threads(parent, ctx, 3, 2); }, count,
      options());
  expect_counts(run, 1 + 6 + 36 + 216);
  EXPECT_EQ(count.value(), 259);
}

TEST_P(outside_spawn_sweep, the_work_of_a_nested_run_may_spawn_into_the_outer_one) {
  const auto run = process(
      one_branch(3),
      [](const branch& parent, context& outer) {
        if (parent.depth == 0) return;
        const auto inner = process(
            numbers(8), [&](int) { outer.spawn(branch{counted(1), parent.depth - 1}); },
            [](completion<int, void> done) { EXPECT_TRUE(done.result); });
        expect_counts(inner, 8);
      },
      [](completion<branch, void> done) { EXPECT_TRUE(done.result); }, options());
  expect_consistent(run, options());
  expect_counts(run, 1 + 8 + 64 + 512);
}

TEST(outside_spawn, another_thread_is_told_what_cannot_be) {
  std::string said;
  const auto run = process(
      numbers(1),
      [&](int, context& ctx) {
        std::jthread([&] {
          try {
            ctx.spawn(1);
          } catch (const std::logic_error& why) {
            said = why.what();
          }
        });
      },
      [](completion<int, void> done) { EXPECT_TRUE(done.result); },
      {.workers = 2, .order = ordering::input});
  expect_counts(run, 1);
  EXPECT_TRUE(said.contains("ordering::completion")) << said;
}

TEST_F(outside_spawn_leak, what_another_thread_has_spawned_is_destroyed_after_a_stop) {
  std::stop_source stop;
  const auto run = process(
      one_branch(1),
      [&](const branch& parent, context& ctx) {
        spawn_on_threads(parent, ctx, 2, 50);
        stop.request_stop();
      },
      [](completion<branch, void>) {}, {.workers = 2, .stop = stop.get_token()});
  EXPECT_EQ(run.produced, 101u);
  EXPECT_EQ(run.succeeded + run.cancelled, 101u);
}

}  // namespace
