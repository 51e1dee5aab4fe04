#include "parwork/tee.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <expected>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parwork/into.hpp"

namespace {

using parwork::completion;
using parwork::failure;
using parwork::failure_kind;
using parwork::into;
using parwork::tee;
using done = completion<int, std::string>;

done success(int item, std::string result) {
  return {.item = item, .result = std::move(result), .index = 0, .attempts = 1};
}

done failed(int item) {
  return {.item = item,
          .result = std::unexpected(failure(failure_kind::error, "no")),
          .index = 0,
          .attempts = 1};
}

TEST(tee, passes_results_to_every_collector_in_order) {
  std::vector<std::string> seen;
  auto all = tee([&](const std::string& result) { seen.push_back("first " + result); },
                 [&](const std::string& result) { seen.push_back("second " + result); });
  all(std::string("a"));
  all(std::string("b"));
  EXPECT_EQ(seen, (std::vector<std::string>{"first a", "second a", "first b", "second b"}));
}

TEST(tee, of_collectors_of_results_takes_no_completions) {
  std::vector<std::string> found;
  auto all = tee(into(found), [](const std::string&) {});
  static_assert(std::invocable<decltype(all)&, std::string>);
  static_assert(!std::invocable<decltype(all)&, done>);
  static_assert(!std::invocable<decltype(all)&, done&>);
  static_assert(!std::invocable<decltype(all)&>);
}

TEST(tee, with_one_collector_of_completions_takes_completions) {
  std::vector<std::string> found;
  std::vector<int> items;
  auto all = tee(into(found), [&](const done& one) { items.push_back(one.item); });
  static_assert(std::invocable<decltype(all)&, done>);
  all(success(1, "one"));
  all(failed(2));
  all(success(3, "three"));
  EXPECT_EQ(found, (std::vector<std::string>{"one", "three"}));
  EXPECT_EQ(items, (std::vector{1, 2, 3}));
}

TEST(tee, moves_to_the_last_and_to_no_other) {
  const std::string text = "long enough to live on the heap";
  std::vector<std::string> first;
  std::vector<std::string> last;
  const char* kept = nullptr;
  auto all = tee(into(first), [&](std::string result) {
    kept = result.data();
    last.push_back(std::move(result));
  });
  std::string result = text;
  const char* before = result.data();
  all(std::move(result));
  EXPECT_EQ(first, (std::vector{text}));
  EXPECT_EQ(last, (std::vector{text}));
  EXPECT_EQ(kept, before);
}

TEST(tee, moves_a_completion_to_the_last) {
  using owning = completion<std::unique_ptr<int>, std::unique_ptr<int>>;
  int seen = 0;
  std::vector<owning> kept;
  auto all = tee([&](const owning& one) { seen = **one.result; },
                 [&](const std::unique_ptr<int>& result) { seen += *result; }, into(kept));
  all(owning{.item = std::make_unique<int>(1),
             .result = std::make_unique<int>(2),
             .index = 0,
             .attempts = 1});
  EXPECT_EQ(seen, 4);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(**kept.front().result, 2);
}

TEST(tee, moves_the_result_to_a_last_collector_of_results) {
  using owning = completion<int, std::unique_ptr<int>>;
  std::vector<int> items;
  std::vector<std::unique_ptr<int>> kept;
  auto all = tee([&](const owning& one) { items.push_back(one.item); }, into(kept));
  all(owning{.item = 7, .result = std::make_unique<int>(2), .index = 0, .attempts = 1});
  EXPECT_EQ(items, (std::vector{7}));
  EXPECT_EQ(*kept.front(), 2);
}

TEST(tee, copies_for_those_who_take_by_value_or_by_rvalue) {
  std::string by_value;
  std::string by_rvalue;
  std::string last;
  auto all = tee([&](std::string result) { by_value = std::move(result); },
                 [&](std::string&& result) { by_rvalue = std::move(result); },
                 [&](std::string result) { last = std::move(result); });
  all(std::string("text"));
  EXPECT_EQ(by_value, "text");
  EXPECT_EQ(by_rvalue, "text");
  EXPECT_EQ(last, "text");
}

TEST(tee, hands_a_changeable_copy_to_those_who_take_completions_by_reference) {
  std::string changed;
  std::string last;
  auto all = tee(
      [&](done& one) {
        one.result->append(" changed");
        changed = *one.result;
      },
      [&](done& one) { last = *one.result; });
  all(success(1, "one"));
  EXPECT_EQ(changed, "one changed");
  EXPECT_EQ(last, "one");
}

TEST(tee, takes_generic_collectors_for_collectors_of_completions) {
  int items = 0;
  std::vector<std::string> found;
  auto all = tee(into(found), [&](const auto& one) { items += one.item; });
  all(success(3, "three"));
  EXPECT_EQ(items, 3);
  EXPECT_EQ(found.size(), 1u);
}

TEST(tee, of_collectors_of_nothing_is_one) {
  int calls = 0;
  auto all = tee([&] { ++calls; }, [&] { ++calls; });
  all();
  EXPECT_EQ(calls, 2);
}

TEST(tee, calls_collectors_of_nothing_for_successes_of_work_that_returns_nothing) {
  using finished = completion<int, void>;
  int successes = 0;
  int all_of_them = 0;
  auto all = tee([&] { ++successes; }, [&](const finished&) { ++all_of_them; });
  static_assert(std::invocable<decltype(all)&, finished>);
  static_assert(!std::invocable<decltype(all)&>);
  all(finished{.item = 1, .result = {}, .index = 0, .attempts = 1});
  all(finished{.item = 2,
               .result = std::unexpected(failure(failure_kind::error, "no")),
               .index = 1,
               .attempts = 1});
  EXPECT_EQ(successes, 1);
  EXPECT_EQ(all_of_them, 2);
}

TEST(tee, keeps_lvalues_by_reference) {
  struct counter {
    int calls = 0;
    void operator()(const std::string&) { ++calls; }
  };
  counter kept;
  auto all = tee(kept, counter{});
  all(std::string("a"));
  EXPECT_EQ(kept.calls, 1);
}

TEST(tee, nests) {
  std::vector<std::string> found;
  std::vector<int> items;
  auto inner = tee(into(found), [&](const done& one) { items.push_back(one.item); });
  auto outer = tee(inner, [&](const done& one) { items.push_back(-one.item); });
  outer(success(1, "one"));
  EXPECT_EQ(items, (std::vector{1, -1}));
  EXPECT_EQ(found.size(), 1u);
}

TEST(tee, what_a_collector_throws_leaves_it_before_the_next_one) {
  bool reached = false;
  auto all = tee([](const std::string&) { throw std::runtime_error("full"); },
                 [&](const std::string&) { reached = true; });
  EXPECT_THROW(all(std::string("a")), std::runtime_error);
  EXPECT_FALSE(reached);
}

TEST(tee, refuses_a_null_collector) {
  EXPECT_THROW(
      static_cast<void>(tee([](const std::string&) {}, std::function<void(std::string)>())),
      std::invalid_argument);
}

}  // namespace
