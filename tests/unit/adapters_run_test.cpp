// The adapters as parts of a run.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <set>
#include <sstream>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::ordering;
using parwork::process;

constexpr double once_a_day = 1.0 / 86'400;

TEST(lines_in_a_run, are_its_items) {
  std::istringstream input("one\ntwo\nthree");
  std::vector<std::size_t> lengths;
  const auto run =
      process(parwork::lines(input), [](const std::string& line) { return line.size(); },
              parwork::into(lengths), {.order = ordering::input});
  expect_counts(run, 3);
  EXPECT_EQ(lengths, (std::vector<std::size_t>{3, 3, 5}));
}

TEST(files_in_a_run, a_missing_root_is_thrown) {
  EXPECT_THROW(
      static_cast<void>(process(
          parwork::files("/no/such/directory"), [](const std::filesystem::path&) {}, [] {})),
      std::filesystem::filesystem_error);
}

TEST(chunks_in_a_run, are_its_items) {
  std::vector<std::size_t> sizes;
  const auto run = process(parwork::chunks(std::views::iota(0, 10), 4),
                           [](const std::vector<int>& c) { return c.size(); }, parwork::into(sizes),
                           {.order = ordering::input});
  expect_counts(run, 3);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4, 4, 2}));
}

TEST(chunks_in_a_run, an_lvalue_is_asked_no_more_than_the_run_takes) {
  auto pairs = parwork::chunks(numbers(4), 2);
  std::vector<int> firsts;
  const auto run = process(pairs, [](const std::vector<int>& pair) { return pair.front(); },
                           parwork::into(firsts), {.order = ordering::input});
  expect_counts(run, 2);
  EXPECT_EQ(firsts, (std::vector{0, 2}));
}

TEST(paced_in_a_run, a_stop_ends_the_wait) {
  for (const auto where :
       {parwork::runs_on::workers, parwork::runs_on::own_thread, parwork::runs_on::caller}) {
    std::stop_source source;
    const auto run = process(
        parwork::paced(std::views::iota(0), once_a_day), [](int item) { return item; },
        [&](const completion<int, int>&) { source.request_stop(); },
        {.stop = source.get_token(), .generator_runs_on = where});
    expect_counts(run, 1);
    EXPECT_TRUE(run.stopped);
  }
}

TEST(paced_in_a_run, a_failure_ends_the_wait) {
  const auto run = process(
      parwork::paced(std::views::iota(0), once_a_day),
      [](int) -> int { throw std::runtime_error("broken"); }, [](const completion<int, int>&) {},
      {.on_failure = parwork::failure_policy::stop});
  expect_counts(run, 0, 1);
  EXPECT_TRUE(run.stopped);
}

TEST(paced_in_a_run, holds_move_only_items) {
  std::vector<std::unique_ptr<int>> pointers;
  for (int i = 0; i < 3; ++i) pointers.push_back(std::make_unique<int>(i));
  std::set<int> found;
  const auto run = process(
      parwork::paced(std::move(pointers), 1e9), [](const std::unique_ptr<int>& p) { return *p; },
      parwork::into(found));
  expect_counts(run, 3);
  EXPECT_EQ(found, (std::set{0, 1, 2}));
}

TEST(tee_in_a_run, of_results_sees_every_success) {
  std::vector<int> first;
  std::set<int> second;
  const auto run = process(numbers(100), [](int item) { return item; },
                           parwork::tee(parwork::into(first), parwork::into(second)),
                           {.order = ordering::input});
  expect_counts(run, 100);
  EXPECT_EQ(first.size(), 100u);
  EXPECT_EQ(second.size(), 100u);
  EXPECT_TRUE(std::ranges::is_sorted(first));
}

TEST(tee_in_a_run, of_results_throws_the_first_failure) {
  std::vector<int> found;
  EXPECT_THROW(
      static_cast<void>(process(
          numbers(10), [](int item) { return item < 5 ? item : throw std::runtime_error("five"); },
          parwork::tee(parwork::into(found), [](int) {}))),
      std::runtime_error);
}

TEST(tee_in_a_run, with_a_collector_of_completions_shows_failures_to_it_alone) {
  std::vector<int> successes;
  std::vector<std::uint64_t> failed;
  const auto run = process(
      numbers(10), [](int item) { return item != 5 ? item : throw std::runtime_error("five"); },
      parwork::tee(parwork::into(successes), [&](const completion<int, int>& one) {
        if (!one.result) failed.push_back(one.index);
      }));
  expect_counts(run, 9, 1);
  EXPECT_EQ(successes.size(), 9u);
  EXPECT_EQ(failed, (std::vector<std::uint64_t>{5}));
}

TEST(tee_in_a_run, of_collectors_of_nothing_follows_work_without_a_result) {
  int calls = 0;
  const auto run =
      process(numbers(10), [](int) {}, parwork::tee([&] { ++calls; }, [&] { ++calls; }));
  expect_counts(run, 10);
  EXPECT_EQ(calls, 20);
}

TEST(tee_in_a_run, moves_move_only_completions_to_its_last_collector) {
  using owning = completion<std::unique_ptr<int>, std::unique_ptr<int>>;
  std::vector<owning> kept;
  int sum = 0;
  const auto run =
      process([next = 0]() mutable { return next == 10 ? nullptr : std::make_unique<int>(next++); },
              [](const std::unique_ptr<int>& item) { return std::make_unique<int>(2 * *item); },
              parwork::tee([&](const owning& one) { sum += **one.result; }, parwork::into(kept)));
  expect_counts(run, 10);
  EXPECT_EQ(sum, 90);
  EXPECT_EQ(kept.size(), 10u);
}

TEST(into_a_container_of_completions, collects_failures_too) {
  std::vector<completion<int, int>> all;
  const auto run = process(
      numbers(10), [](int item) { return item != 5 ? item : throw std::runtime_error("five"); },
      parwork::into(all), {.order = ordering::input});
  expect_counts(run, 9, 1);
  ASSERT_EQ(all.size(), 10u);
  EXPECT_EQ(all[5].result.error().message(), "five");
}

}  // namespace
