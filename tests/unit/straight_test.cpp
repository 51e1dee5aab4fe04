// split and reduce together: slices are read, worked on and folded in one go.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::context;
using parwork::process;
using parwork::split;

class straight_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, straight_sweep, sweep_values(), sweep_name);

auto adding_unsigned() {
  return parwork::reduce(
      std::uint64_t{0}, [](std::uint64_t& sum, std::uint64_t one) { sum += one; },
      [](std::uint64_t& sum, std::uint64_t other) { sum += other; });
}

auto first(std::uint64_t count) { return std::views::iota(std::uint64_t{0}, count); }

TEST_P(straight_sweep, every_element_of_a_long_range_is_folded_once) {
  constexpr std::uint64_t count = 60'000;
  auto sum = adding_unsigned();
  const auto run = process(split(first(count)), [](std::uint64_t k) { return k; }, sum, options());
  expect_consistent(run, options());
  expect_counts(run, count);
  EXPECT_EQ(sum.value(), count * (count - 1) / 2);
  EXPECT_GE(run.peak_in_flight, 1u);
}

TEST(straight, no_more_items_are_in_flight_than_workers) {
  auto sum = adding_unsigned();
  const auto run = process(split(first(100'000)), [](std::uint64_t k) { return k; }, sum,
                           {.workers = 4, .queue = 1000});
  EXPECT_LE(run.peak_in_flight, 4u);
}

TEST(straight, elements_that_wait_for_each_other_are_worked_on_at_once) {
  // The first runs leave the engine in the belief that items are short, and slices long.
  for (int round = 0; round < 3; ++round) {
    constexpr std::uint64_t count = 20'000;
    rendezvous pair(2);
    auto sum = adding_unsigned();
    const auto run = process(split(first(count)),
                             [&](std::uint64_t k) {
                               // Neighbours of one slice: the second is taken from behind the
                               // first.
                               if (k == count / 2 || k == count / 2 + 1) pair.arrive_and_wait();
                               return k;
                             },
                             sum, {.workers = 2});
    expect_counts(run, count);
    EXPECT_EQ(sum.value(), count * (count - 1) / 2);
  }
}

TEST_P(straight_sweep, a_context_knows_the_position) {
  constexpr std::uint64_t count = 5000;
  std::atomic<int> wrong = 0;
  auto sum = adding_unsigned();
  const auto run = process(
      split(first(count)),
      [&](std::uint64_t k, context& about) {
        if (about.index() != k || about.attempt() != 1 || about.worker() >= options().workers)
          ++wrong;
        return k;
      },
      sum, options());
  expect_counts(run, count);
  EXPECT_EQ(wrong, 0);
}

TEST_P(straight_sweep, a_failure_stops_the_run_and_is_thrown) {
  constexpr std::uint64_t count = 100'000;
  std::atomic<std::uint64_t> calls = 0;
  auto sum = adding_unsigned();
  EXPECT_THROW((void)process(
                   split(first(count)),
                   [&](std::uint64_t k) {
                     ++calls;
                     if (k == 10) throw std::out_of_range("the tenth");
                     return k;
                   },
                   sum, options()),
               std::out_of_range);
  EXPECT_LE(calls, count);
}

TEST_P(straight_sweep, a_stop_cancels_what_has_not_started) {
  constexpr std::uint64_t count = 1'000'000;
  std::stop_source stop;
  auto sum = adding_unsigned();
  auto stopped = options();
  stopped.stop = stop.get_token();
  const auto run = process(
      split(first(count)),
      [&](std::uint64_t k) {
        if (k == 1000) stop.request_stop();
        return std::uint64_t{1};
      },
      sum, stopped);
  expect_consistent(run, stopped);
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(run.produced, run.succeeded + run.cancelled);
  EXPECT_EQ(sum.value(), run.succeeded);
}

TEST_P(straight_sweep, an_exception_of_fold_ends_the_run) {
  auto sum = parwork::reduce(
      std::uint64_t{0},
      [](std::uint64_t& into, std::uint64_t one) {
        if (one == 500) throw std::domain_error("five hundred");
        into += one;
      },
      [](std::uint64_t& into, std::uint64_t other) { into += other; });
  EXPECT_THROW((void)process(
                   split(first(100'000)), [](std::uint64_t k) { return k; }, sum, options()),
               std::domain_error);
}

// An element that cannot be copied.
struct brittle {
  explicit brittle(std::uint64_t number) : id(number) {}
  brittle(const brittle& other) : id(other.id) {
    if (id == 700) throw std::range_error("seven hundred");
  }
  brittle& operator=(const brittle&) = default;
  std::uint64_t id;
};

TEST_P(straight_sweep, an_element_that_cannot_be_read_ends_the_run_as_a_generator_does) {
  std::vector<brittle> elements;
  elements.reserve(20'000);
  for (std::uint64_t i = 0; i < 20'000; ++i) elements.emplace_back(i);
  auto sum = adding_unsigned();
  EXPECT_THROW((void)process(
                   split(elements), [](const brittle& one) { return one.id; }, sum, options()),
               std::range_error);
}

TEST_P(straight_sweep, what_elements_spawn_is_folded_too) {
  constexpr std::uint64_t count = 2000;
  auto sum = adding_unsigned();
  const auto run = process(
      split(first(count)),
      [&](std::uint64_t k, context& about) {
        if (k < count) {
          about.spawn(k + count);
          about.spawn(k + count);
        }
        return std::uint64_t{1};
      },
      sum, options());
  expect_counts(run, 3 * count);
  EXPECT_EQ(sum.value(), 3 * count);
}

// Cannot be copied any more once `forbid` is set.
struct fragile {
  fragile() = default;
  fragile(const fragile&) {
    if (forbid) throw std::length_error("no more copies");
  }
  fragile& operator=(const fragile&) = default;
  static inline std::atomic<bool> forbid = false;
};

TEST(straight, an_accumulator_that_cannot_be_made_ends_the_run) {
  auto all =
      parwork::reduce(fragile{}, [](fragile&, std::uint64_t) {}, [](fragile&, const fragile&) {});
  const auto call = [&] {
    (void)process(split(first(1000)), [](std::uint64_t k) { return k; }, all, {.workers = 2});
  };
  fragile::forbid = true;
  EXPECT_THROW(call(), std::length_error);
  fragile::forbid = false;
}

}  // namespace
