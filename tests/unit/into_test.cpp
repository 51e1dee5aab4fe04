#include "parwork/into.hpp"

#include <gtest/gtest.h>

#include <any>
#include <concepts>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using parwork::completion;
using parwork::into;

template <class Container, class Collected>
concept takes = std::invocable<decltype(into(std::declval<Container&>()))&, Collected>;

TEST(into, adds_to_the_end_of_a_sequence) {
  std::vector<int> found{1};
  auto collector = into(found);
  collector(2);
  collector(3);
  EXPECT_EQ(found, (std::vector{1, 2, 3}));
}

TEST(into, fills_a_set) {
  std::set<std::string> found;
  auto collector = into(found);
  collector("b");
  collector(std::string("a"));
  collector("b");
  EXPECT_EQ(found, (std::set<std::string>{"a", "b"}));
}

TEST(into, fills_a_map_with_pairs) {
  std::map<std::string, int> found;
  auto collector = into(found);
  collector(std::pair<std::string, int>("one", 1));
  EXPECT_EQ(found.at("one"), 1);
}

TEST(into, fills_a_string) {
  std::string found;
  auto collector = into(found);
  collector('a');
  EXPECT_EQ(found, "a");
}

TEST(into, moves_results) {
  std::deque<std::unique_ptr<int>> found;
  auto collector = into(found);
  collector(std::make_unique<int>(4));
  EXPECT_EQ(*found.front(), 4);
}

TEST(into, converts_results) {
  std::vector<std::string> found;
  auto collector = into(found);
  collector("text");
  EXPECT_EQ(found.front(), "text");
}

TEST(into, takes_results_and_no_completions) {
  static_assert(takes<std::vector<int>, int>);
  static_assert(!takes<std::vector<int>, std::string>);
  static_assert(!takes<std::vector<int>, completion<int, int>>);
  static_assert(takes<std::vector<std::any>, int>);
  static_assert(!takes<std::vector<std::any>, completion<int, int>>);
}

TEST(into, takes_completions_where_the_container_holds_them) {
  using done = completion<int, std::string>;
  static_assert(takes<std::vector<done>, done>);
  std::vector<done> found;
  auto collector = into(found);
  collector(done{.item = 1, .result = "one", .index = 0, .attempts = 1});
  EXPECT_EQ(found.front().result, "one");
}

}  // namespace
