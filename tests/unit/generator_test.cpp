// What may be a generator, and when it is called.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/coroutine_range.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::ordering;
using parwork::process;

const std::string long_word = "long enough to live on the heap";

auto twice = [](const int& item) { return 2 * item; };

coroutine_range<int> ints(int count) {
  for (int i = 0; i < count; ++i) co_yield int{i};
}

coroutine_range<std::unique_ptr<int>> owned_ints(int count) {
  for (int i = 0; i < count; ++i) co_yield std::make_unique<int>(i);
}

class generator_leak : public leak_check {};
class generator_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, generator_sweep, sweep_values(), sweep_name);

// Forms of callables

TEST(generator, a_callable_returning_optional_runs_until_it_is_empty) {
  gathered<int, int> done;
  const auto run = process(numbers(10), twice, done.collector());
  expect_counts(run, 10);
  EXPECT_TRUE(done.has_every_index_once());
  for (const auto& one : done) EXPECT_EQ(one.result.value(), 2 * one.item);
}

TEST(generator, a_callable_returning_unique_ptr_runs_until_null_and_the_item_is_the_pointer) {
  gathered<std::unique_ptr<int>, int> done;
  const auto run =
      process([next = 0]() mutable { return next == 10 ? nullptr : std::make_unique<int>(next++); },
              [](std::unique_ptr<int>& item) { return *item + 1; }, done.collector());
  expect_counts(run, 10);
  for (const auto& one : done) EXPECT_EQ(one.result.value(), *one.item + 1);
}

TEST(generator, a_callable_returning_shared_ptr_runs_until_null_and_the_item_is_the_pointer) {
  gathered<std::shared_ptr<int>, int> done;
  const auto run =
      process([next = 0]() mutable { return next == 10 ? nullptr : std::make_shared<int>(next++); },
              [](const std::shared_ptr<int>& item) { return *item + 1; }, done.collector());
  expect_counts(run, 10);
  for (const auto& one : done) EXPECT_EQ(one.result.value(), *one.item + 1);
}

TEST(generator, a_callable_returning_a_pointer_runs_until_null_and_the_item_is_the_pointer) {
  std::array<int, 10> values;
  std::iota(values.begin(), values.end(), 0);
  gathered<int*, int> done;
  const auto run = process(
      [&, next = std::size_t{0}]() mutable -> int* {
        return next == values.size() ? nullptr : &values[next++];
      },
      [](int* item) { return ++*item; }, done.collector());
  expect_counts(run, 10);
  for (const auto& one : done) EXPECT_EQ(one.item, &values[one.index]);
  EXPECT_EQ(values[9], 10);
}

TEST(generator, a_false_value_in_an_optional_does_not_end_the_run) {
  gathered<bool, bool> done;
  const auto run = process(
      [next = 0]() mutable -> std::optional<bool> {
        return next++ < 5 ? std::optional(false) : std::nullopt;
      },
      [](bool item) { return item; }, done.collector());
  expect_counts(run, 5);
}

TEST(generator, an_optional_may_hold_a_move_only_item) {
  gathered<std::unique_ptr<int>, int> done;
  const auto run = process(
      [next = 0]() mutable -> std::optional<std::unique_ptr<int>> {
        if (next == 4) return std::nullopt;
        return std::make_unique<int>(next++);
      },
      [](const std::unique_ptr<int>& item) { return *item; }, done.collector());
  expect_counts(run, 4);
}

TEST(generator, a_null_pointer_within_an_optional_is_an_item) {
  gathered<std::unique_ptr<int>, bool> done;
  const auto run = process(
      [next = 0]() mutable -> std::optional<std::unique_ptr<int>> {
        if (next++ == 4) return std::nullopt;
        return std::unique_ptr<int>();
      },
      [](const std::unique_ptr<int>& item) { return item == nullptr; }, done.collector());
  expect_counts(run, 4);
}

TEST(generator, type_erased_callables_work) {
  gathered<int, int> done;
  const std::function<std::optional<int>()> copyable = numbers(10);
  expect_counts(process(copyable, twice, done.collector()), 10);
  std::move_only_function<std::optional<int>()> move_only = numbers(10);
  expect_counts(process(std::move(move_only), twice, done.collector()), 10);
}

std::optional<int> four_ints() {
  static int next = 0;
  if (next == 4) return std::nullopt;
  return next++;
}

TEST(generator, a_plain_function_works) {
  gathered<int, int> done;
  expect_counts(process(four_ints, twice, done.collector()), 4);
}

TEST(generator, a_callable_passed_as_lvalue_is_used_where_it_is) {
  struct counter {
    int next = 0;
    std::optional<int> operator()() { return next == 10 ? std::nullopt : std::optional(next++); }
    counter() = default;
    counter(const counter&) = delete;
  } source;
  gathered<int, int> done;
  expect_counts(process(source, twice, done.collector()), 10);
  EXPECT_EQ(source.next, 10);
}

TEST(generator, an_empty_generator_makes_an_empty_run) {
  int worked = 0;
  int collected = 0;
  const auto run =
      process(numbers(0), [&](int) { ++worked; }, [&](completion<int, void>) { ++collected; });
  expect_counts(run, 0);
  EXPECT_FALSE(run.stopped);
  EXPECT_FALSE(run.first_failure);
  EXPECT_EQ(worked + collected, 0);
}

// Ranges

TEST(generator, a_range_passed_as_lvalue_is_not_moved_from) {
  std::vector<std::string> words(20, long_word);
  gathered<std::string, std::size_t> done;
  const auto run =
      process(words, [](std::string& word) { return std::move(word).size(); }, done.collector());
  expect_counts(run, 20);
  EXPECT_EQ(words, std::vector<std::string>(20, long_word));
}

TEST(generator, a_const_range_works) {
  const std::list<int> values{1, 2, 3};
  gathered<int, int> done;
  expect_counts(process(values, twice, done.collector()), 3);
  static_assert(std::is_same_v<decltype(done)::value_type, completion<int, int>>);
}

TEST_F(generator_leak, elements_of_an_owning_rvalue_range_are_moved_out) {
  std::vector<counted> items;
  for (std::uint64_t id = 0; id < 20; ++id) items.emplace_back(id);
  counted::reset();
  gathered<counted, std::uint64_t> done;
  const auto run =
      process(std::move(items), [](const counted& item) { return item.id(); }, done.collector());
  expect_counts(run, 20);
  EXPECT_EQ(counted::copies(), 0);
  for (const auto& one : done) EXPECT_EQ(one.item.id(), one.index);
}

TEST(generator, an_owning_rvalue_range_may_hold_move_only_elements) {
  std::vector<std::unique_ptr<int>> items;
  for (int i = 0; i < 10; ++i) items.push_back(std::make_unique<int>(i));
  gathered<std::unique_ptr<int>, int> done;
  const auto run =
      process(std::move(items), [](std::unique_ptr<int>& item) { return *item; }, done.collector());
  expect_counts(run, 10);
}

TEST(generator, a_view_of_a_vector_leaves_the_vector_alone) {
  std::vector<std::string> words(5, long_word);
  gathered<std::string, std::size_t> done;
  const auto length = [](std::string& word) { return std::move(word).size(); };
  expect_counts(process(words | std::views::take(3), length, done.collector()), 3);
  expect_counts(process(std::span(words), length, done.collector()), 5);
  expect_counts(process(std::ranges::subrange(words), length, done.collector()), 5);
  EXPECT_EQ(words, std::vector<std::string>(5, long_word));
}

TEST(generator, an_rvalue_view_without_a_name_works) {
  gathered<int, int> done;
  expect_counts(process(std::views::iota(0, 100), twice, done.collector()), 100);
  expect_counts(process(std::vector<int>(7, 1) | std::views::transform([](int i) { return i; }),
                        twice, done.collector()),
                7);
}

TEST(generator, a_range_of_proxies_yields_its_value_type) {
  gathered<bool, bool> done;
  const auto run = process(
      std::vector<bool>{true, false, true}, [](bool item) { return !item; }, done.collector());
  expect_counts(run, 3);
  for (const auto& one : done) EXPECT_NE(one.item, one.result.value());
}

TEST(generator, an_input_only_range_works) {
  std::istringstream input("3 4 5");
  gathered<int, int> done;
  const auto run = process(std::views::istream<int>(input), twice, done.collector());
  expect_counts(run, 3);
  EXPECT_EQ(done.at_index(2).item, 5);
}

TEST(generator, a_move_only_coroutine_generator_works_as_rvalue_and_lvalue) {
  gathered<int, int> done;
  expect_counts(process(ints(10), twice, done.collector()), 10);
  auto named = ints(10);
  expect_counts(process(named, twice, done.collector()), 10);
}

TEST(generator, a_coroutine_generator_may_yield_move_only_items) {
  gathered<std::unique_ptr<int>, int> done;
  const auto run =
      process(owned_ints(10), [](std::unique_ptr<int>& item) { return *item; }, done.collector());
  expect_counts(run, 10);
}

// split

TEST(generator, split_works_on_every_element_once) {
  std::vector<int> values(10'000);
  std::iota(values.begin(), values.end(), 0);
  gathered<int, int> done;
  const auto run = process(parwork::split(values), twice, done.collector(), {.workers = 4});
  expect_counts(run, 10'000);
  EXPECT_TRUE(done.has_every_index_once());
  for (const auto& one : done) ASSERT_EQ(static_cast<std::uint64_t>(one.item), one.index);
}

TEST(generator, split_leaves_an_lvalue_range_alone) {
  const std::vector<std::string> words(50, long_word);
  gathered<std::string, std::size_t> done;
  const auto run = process(
      parwork::split(words), [](const std::string& word) { return word.size(); }, done.collector());
  expect_counts(run, 50);
  EXPECT_EQ(words, std::vector<std::string>(50, long_word));
}

TEST(generator, split_takes_views_and_rvalue_ranges) {
  gathered<int, int> done;
  expect_counts(process(parwork::split(std::views::iota(0, 100)), twice, done.collector()), 100);
  expect_counts(process(parwork::split(std::vector<int>(100, 1)), twice, done.collector()), 100);
}

TEST(generator, split_of_an_empty_range_makes_an_empty_run) {
  gathered<int, int> done;
  expect_counts(process(parwork::split(std::vector<int>()), twice, done.collector()), 0);
}

TEST_P(generator_sweep, split_collects_by_input_where_asked) {
  const std::vector<int> values(500, 1);
  gathered<int, int> done;
  auto chosen = options();
  chosen.order = ordering::input;
  const auto run = process(parwork::split(values), twice, done.collector(), chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 500);
  EXPECT_TRUE(done.is_in_input_order());
}

// When it is called

TEST_P(generator_sweep, it_is_called_by_one_thread_at_a_time) {
  exclusive calls;
  int next = 0;  // unguarded on purpose
  const auto run = process(
      [&]() -> std::optional<int> {
        const auto visit = calls.enter();
        if (next == 1000) return std::nullopt;
        return next++;
      },
      twice, [](completion<int, int>) {}, options());
  expect_consistent(run, options());
  expect_counts(run, 1000);
  EXPECT_EQ(calls.calls(), 1001u);
}

TEST_P(generator_sweep, it_is_not_called_again_after_it_has_ended) {
  std::atomic<int> calls = 0;
  const auto run = process(
      [&]() -> std::optional<int> {
        const int call = ++calls;
        return call <= 100 ? std::optional(call) : std::nullopt;
      },
      twice, [](completion<int, int>) {}, options());
  expect_counts(run, 100);
  EXPECT_EQ(calls, 101);
}

TEST_P(generator_sweep, it_is_not_called_again_after_it_has_thrown) {
  std::atomic<int> calls = 0;
  const auto throwing = [&]() -> std::optional<int> {
    if (++calls > 100) throw std::runtime_error("broken");
    return 1;
  };
  EXPECT_THROW(
      (void)process(throwing, twice, [](completion<int, int>) {}, options()), std::runtime_error);
  EXPECT_EQ(calls, 101);
}

TEST_P(generator_sweep, indices_are_positions_in_generator_order) {
  gathered<counted, std::uint64_t> done;
  const auto run = process(
      counted_items(300), [](const counted& item) { return item.id(); }, done.collector(),
      options());
  expect_counts(run, 300);
  EXPECT_TRUE(done.has_every_index_once());
  for (const auto& one : done) EXPECT_EQ(one.item.id(), one.index);
}

}  // namespace
