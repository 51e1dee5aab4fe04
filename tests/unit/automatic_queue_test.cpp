// options::queue = 0: the queue grows where memory is known and workers would have nothing to do.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::ordering;
using parwork::process;
using parwork::runs_on;

constexpr int queue_items = 2'000;  // more than 100 for each of four workers

// In input order the first item waits until all others have been worked on.
TEST(automatic_queue, grows_behind_a_slow_first_item) {
  for (const unsigned workers : {2U, 4U}) {
    for (const runs_on where : {runs_on::workers, runs_on::own_thread}) {
      parwork::options chosen{.workers = workers, .order = ordering::input};
      chosen.generator_runs_on = where;
      tally worked;
      gathered<int, int> done;
      const auto run = process(
          numbers(queue_items),
          [&](int item) {
            if (item == 0) {
              worked.wait_for(queue_items - 1);
            } else {
              worked.add();
            }
            return item;
          },
          done.collector(), chosen);
      expect_consistent(run, chosen);
      expect_counts(run, queue_items);
      EXPECT_TRUE(done.is_in_input_order());
      EXPECT_GE(run.queue, static_cast<std::size_t>(queue_items));
      EXPECT_EQ(run.peak_in_flight, static_cast<std::size_t>(queue_items));
    }
  }
}

// The first item waits until nobody can go on: the others that may be in flight have been worked
// on.
template <class Generator>
std::size_t queue_with(Generator generator, parwork::options chosen, std::uint64_t others) {
  tally worked;
  std::uint64_t given = 0;
  const auto run = process(
      [&]() -> decltype(generator()) {
        if (given++ == queue_items) return {};
        return generator();
      },
      [&](const typename std::invoke_result_t<Generator&>::value_type&, parwork::context& about) {
        if (about.index() == 0) {
          worked.wait_for(others);
        } else {
          worked.add();
        }
        return 1;
      },
      [](int) {}, chosen);
  EXPECT_EQ(run.succeeded, static_cast<std::uint64_t>(queue_items));
  EXPECT_LE(run.peak_in_flight, run.queue);
  return run.queue;
}

TEST(automatic_queue, is_100_a_worker_where_items_may_own_memory) {
  const parwork::options chosen{.workers = 2, .order = ordering::input};
  EXPECT_EQ(queue_with([] { return std::optional<std::string>("text"); }, chosen, 199), 200U);
  EXPECT_EQ(queue_with([] { return std::optional<std::string_view>("text"); }, chosen, 199), 200U);
  static int there = 0;
  EXPECT_EQ(queue_with([] { return std::optional<int*>(&there); }, chosen, 199), 200U);
}

TEST(automatic_queue, is_as_long_as_asked_for) {
  const parwork::options chosen{.workers = 2, .queue = 200, .order = ordering::input};
  EXPECT_EQ(queue_with([] { return std::optional<int>(1); }, chosen, 199), 200U);
}

TEST(automatic_queue, stays_within_8_mebibytes) {
  struct large {
    char bytes[64 << 10];
  };
  // 8 MiB hold 127 of these beside an int; so 100 a worker are more.
  const parwork::options chosen{.workers = 2, .order = ordering::input};
  const auto make = [] { return std::optional<large>(large{}); };
  EXPECT_EQ(queue_with(make, chosen, 199), 200U);
  struct small {
    char bytes[16 << 10];
  };
  const std::uint64_t fitting = (8 << 20) / (sizeof(small) + sizeof(int));
  EXPECT_EQ(queue_with([] { return std::optional<small>(small{}); }, chosen, fitting - 1), fitting);
}

TEST(automatic_queue, does_not_grow_where_items_wait_for_their_next_attempt) {
  parwork::options chosen{.workers = 2, .order = ordering::input};
  chosen.retry = {.max_attempts = 2, .backoff = std::chrono::milliseconds(1)};
  EXPECT_EQ(queue_with([] { return std::optional<int>(1); }, chosen, 199), 200U);
}

TEST(automatic_queue, does_not_grow_without_need) {
  const auto run =
      process(numbers(100'000), [](int item) { return item; }, [](int) {}, {.workers = 1});
  EXPECT_EQ(run.queue, 100U);
}

}  // namespace
