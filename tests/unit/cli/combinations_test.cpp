// Lists of items combined.
#include "input/combinations.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/error.hpp"

namespace {

using words = std::vector<std::string>;
using enum cli::list_joins;

cli::list_source list_of(words items, cli::list_joins how = combined) {
  return {cli::items_of(std::move(items), cli::blank_items::kept), how, "of a test"};
}

std::vector<words> all_of(cli::item_source& source) {
  std::vector<words> found;
  while (auto next = source.next()) found.push_back(next->columns);
  EXPECT_TRUE(source.has_ended());
  return found;
}

template <class... Lists>
std::unique_ptr<cli::item_source> combined_lists(cli::list_heads heads, Lists... lists) {
  std::vector<cli::list_source> all;
  (all.push_back(std::move(lists)), ...);
  return cli::combinations_of(std::move(all), heads);
}

TEST(combinations, the_last_list_is_the_fastest) {
  const auto source =
      combined_lists(cli::list_heads::none, list_of({"a", "b"}), list_of({"1", "2", "3"}));
  EXPECT_EQ(
      all_of(*source),
      (std::vector<words>{{"a", "1"}, {"a", "2"}, {"a", "3"}, {"b", "1"}, {"b", "2"}, {"b", "3"}}));
  EXPECT_EQ(source->total(), 6U);
}

TEST(combinations, a_paired_list_goes_along_with_the_one_before_it) {
  const auto source = combined_lists(cli::list_heads::none, list_of({"a", "b"}),
                                     list_of({"A", "B"}, paired), list_of({"1", "2"}),
                                     list_of({"i", "ii"}, paired), list_of({"I", "II"}, paired));
  EXPECT_EQ(all_of(*source), (std::vector<words>{{"a", "A", "1", "i", "I"},
                                                 {"a", "A", "2", "ii", "II"},
                                                 {"b", "B", "1", "i", "I"},
                                                 {"b", "B", "2", "ii", "II"}}));
}

TEST(combinations, paired_lists_are_equally_long) {
  for (const words& other : {words{}, words{"1"}, words{"1", "2", "3"}}) {
    const auto source =
        combined_lists(cli::list_heads::none, list_of({"a", "b"}), list_of(other, paired));
    EXPECT_THROW(static_cast<void>(source->next()), cli::error) << other.size();
  }
}

TEST(combinations, with_an_empty_list_there_are_none) {
  const auto source =
      combined_lists(cli::list_heads::none, list_of({"a", "b"}), list_of({}), list_of({"x"}));
  EXPECT_TRUE(all_of(*source).empty());
  EXPECT_EQ(source->total(), 0U);
}

TEST(combinations, too_many_to_count_are_refused) {
  std::vector<cli::list_source> lists;
  for (int i = 0; i < 10; ++i) lists.push_back(list_of(words(100, "x")));
  const auto source = cli::combinations_of(std::move(lists), cli::list_heads::none);
  EXPECT_THROW(static_cast<void>(source->next()), cli::error);
}

TEST(combinations, heads_come_first_and_are_none_of_them) {
  const auto source =
      combined_lists(cli::list_heads::names, list_of({"x", "a"}), list_of({"y", "1", "2"}));
  EXPECT_EQ(all_of(*source), (std::vector<words>{{"x", "y"}, {"a", "1"}, {"a", "2"}}));
  EXPECT_EQ(source->total(), 2U);
  const auto empty = combined_lists(cli::list_heads::names, list_of({"x", "a"}), list_of({}));
  EXPECT_THROW(static_cast<void>(empty->next()), cli::error);
}

}  // namespace
