// What a run allocates once it is going: with a generator that fills, nothing for an item.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <sstream>
#include <string>

#include "parwork/parwork.hpp"
#include "support/failing_new.hpp"

namespace {

using parwork::ordering;
using parwork::process;
using parwork::runs_on;

constexpr std::uint64_t lines_of_text = 150'000;

std::string text_of(std::uint64_t lines) {
  std::string text;
  for (std::uint64_t i = 0; i < lines; ++i) {
    text.append(std::to_string(i)).append(40 + i % 40, 'x').push_back('\n');
  }
  return text;
}

std::uint64_t allocations_for(std::uint64_t lines, const parwork::options& given) {
  std::istringstream input(text_of(lines));
  std::size_t longest = 0;
  const std::uint64_t before = parwork_test::allocations();
  const auto run = process(
      parwork::lines(input), [](const std::string& line) { return line.size(); },
      [&](std::size_t size) { longest = size > longest ? size : longest; }, given);
  const std::uint64_t after = parwork_test::allocations();
  EXPECT_EQ(run.succeeded, lines);
  EXPECT_GT(longest, 80U);
  return after - before;
}

// There is a string for each slot of each batch that workers keep: their number follows the queue
// and the workers, not the text, which is long enough to tell.
void expect_no_allocation_a_line(const parwork::options& given) {
  EXPECT_LT(allocations_for(lines_of_text, given), lines_of_text / 5);
}

TEST(SteadyState, LinesAllocateNothingOnOneWorker) {
  const parwork::options given{.workers = 1};
  EXPECT_LT(allocations_for(lines_of_text, given), 2'000U);
}

TEST(SteadyState, LinesAllocateNothingOnSeveralWorkers) {
  expect_no_allocation_a_line({.workers = 2, .queue = 64});
  expect_no_allocation_a_line({.workers = 4, .queue = 64});
  expect_no_allocation_a_line({.workers = 2, .queue = 64, .order = ordering::input});
}

TEST(SteadyState, LinesAllocateNothingWhereOneThreadReadsAndAnotherCollects) {
  expect_no_allocation_a_line({.workers = 2,
                               .queue = 64,
                               .generator_runs_on = runs_on::own_thread,
                               .collector_runs_on = runs_on::own_thread});
  expect_no_allocation_a_line({.workers = 2,
                               .queue = 64,
                               .order = ordering::input,
                               .generator_runs_on = runs_on::own_thread,
                               .collector_runs_on = runs_on::own_thread});
}

TEST(SteadyState, ReducedLinesAllocateNothing) {
  std::istringstream input(text_of(lines_of_text));
  auto sum = parwork::reduce(std::size_t{0}, std::plus<>(), std::plus<>());
  const std::uint64_t before = parwork_test::allocations();
  const auto run =
      process(parwork::lines(input), [](const std::string& line) { return line.size(); }, sum,
              {.workers = 2, .queue = 64});
  EXPECT_LT(parwork_test::allocations() - before, lines_of_text / 5);
  EXPECT_EQ(run.succeeded, lines_of_text);
}

}  // namespace
