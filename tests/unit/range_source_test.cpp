#include "parwork/detail/range_source.hpp"

#include <gtest/gtest.h>

#include <array>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <ranges>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/coroutine_range.hpp"

namespace {

using parwork::detail::range_source;
using parwork_test::coroutine_range;

template <class Source>
auto drain(Source& source) {
  std::vector<typename Source::item_type> items;
  while (auto item = source()) items.push_back(std::move(*item));
  return items;
}

coroutine_range<std::unique_ptr<int>> owned_numbers(int count, int& reached) {
  for (reached = 0; reached < count; ++reached) co_yield std::make_unique<int>(reached);
}

TEST(range_source, yields_every_element_in_order) {
  std::vector<int> numbers{1, 2, 3};
  range_source source(numbers);
  EXPECT_EQ(drain(source), (std::vector<int>{1, 2, 3}));
}

TEST(range_source, yields_nothing_ever_after_the_end) {
  range_source source(std::vector<int>{1});
  EXPECT_TRUE(source());
  EXPECT_FALSE(source());
  EXPECT_FALSE(source());
}

TEST(range_source, yields_nothing_from_an_empty_range) {
  range_source source(std::vector<int>{});
  EXPECT_FALSE(source());
  EXPECT_FALSE(source());
}

TEST(range_source, keeps_an_lvalue_range_by_reference_and_leaves_its_elements_alone) {
  std::vector<std::string> words{"long enough to live on the heap"};
  range_source source(words);
  words.push_back("added before the first call");
  EXPECT_EQ(drain(source).size(), 2u);
  EXPECT_EQ(words.front(), "long enough to live on the heap");
}

TEST(range_source, reads_a_const_range) {
  const std::list<int> numbers{1, 2};
  range_source source(numbers);
  EXPECT_EQ(drain(source), (std::vector<int>{1, 2}));
}

TEST(range_source, moves_elements_out_of_an_owned_range) {
  std::vector<std::unique_ptr<int>> pointers;
  pointers.push_back(std::make_unique<int>(5));
  range_source source(std::move(pointers));
  const auto item = source();
  ASSERT_TRUE(item);
  EXPECT_EQ(**item, 5);
}

TEST(range_source, leaves_the_elements_behind_an_rvalue_view_alone) {
  std::vector<std::string> words{"long enough to live on the heap", "and so is this one here"};
  range_source source(words | std::views::take(1));
  EXPECT_EQ(drain(source).size(), 1u);
  EXPECT_EQ(words.front(), "long enough to live on the heap");
}

TEST(range_source, leaves_the_elements_behind_an_rvalue_span_alone) {
  std::vector<std::string> words{"long enough to live on the heap"};
  range_source source(std::span<std::string>{words});
  EXPECT_EQ(drain(source).size(), 1u);
  EXPECT_EQ(words.front(), "long enough to live on the heap");
}

TEST(range_source, copies_from_a_const_rvalue_range) {
  const std::vector<std::string> words{"kept"};
  range_source source(std::move(words));
  EXPECT_EQ(drain(source), (std::vector<std::string>{"kept"}));
}

TEST(range_source, does_not_begin_before_the_first_call) {
  int reached = -1;
  range_source source(owned_numbers(2, reached));
  EXPECT_EQ(reached, -1);
  EXPECT_EQ(drain(source).size(), 2u);
  EXPECT_EQ(reached, 2);
}

TEST(range_source, does_not_ask_for_an_element_before_it_is_needed) {
  int reached = -1;
  range_source source(owned_numbers(3, reached));
  EXPECT_EQ(**source(), 0);
  EXPECT_EQ(reached, 0);
  EXPECT_EQ(**source(), 1);
  EXPECT_EQ(reached, 1);
}

TEST(range_source, passes_on_what_the_range_throws) {
  auto throwing = [](int count) -> coroutine_range<int> {
    for (int i = 0; i < count; ++i) co_yield int{i};
    throw std::runtime_error("broken");
  };
  range_source source(throwing(1));
  EXPECT_EQ(source(), 0);
  EXPECT_THROW(source(), std::runtime_error);
}

TEST(range_source, reads_a_single_pass_stream_range) {
  std::istringstream input("3 4 5");
  range_source source(std::views::istream<int>(input));
  EXPECT_EQ(drain(source), (std::vector<int>{3, 4, 5}));
}

TEST(range_source, takes_the_value_type_where_the_reference_is_a_proxy) {
  range_source source(std::vector<bool>{true, false});
  static_assert(std::same_as<decltype(source)::item_type, bool>);
  EXPECT_EQ(source(), true);
  EXPECT_EQ(source(), false);
  EXPECT_EQ(source(), std::nullopt);
}

TEST(range_source, yields_the_pairs_of_a_map) {
  range_source source(std::map<int, std::string>{{1, "one"}});
  const auto item = source();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->second, "one");
}

TEST(range_source, yields_null_pointers_of_a_range_as_items) {
  range_source source(std::vector<const char*>{nullptr, "after"});
  const auto first = source();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(*first, nullptr);
  EXPECT_STREQ(source().value(), "after");
}

TEST(range_source, goes_on_after_a_move_in_the_middle) {
  range_source source(std::array<std::string, 3>{"a", "b", "c"});
  EXPECT_EQ(source(), "a");
  range_source moved = std::move(source);
  EXPECT_EQ(moved(), "b");
  EXPECT_EQ(moved(), "c");
  EXPECT_EQ(moved(), std::nullopt);
}

TEST(range_source, knows_the_size_of_sized_ranges_alone) {
  EXPECT_EQ(range_source(std::vector<int>{1, 2, 3}).size(), 3u);
  EXPECT_EQ(range_source(std::views::iota(0, 10)).size(), 10u);
  EXPECT_EQ(range_source(std::forward_list<int>{1}).size(), std::nullopt);
  std::istringstream input("1");
  EXPECT_EQ(range_source(std::views::istream<int>(input)).size(), std::nullopt);
}

}  // namespace
