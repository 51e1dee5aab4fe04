#include "parwork/chunks.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <utility>
#include <vector>

#include "support/coroutine_range.hpp"

namespace {

using parwork::chunks;
using vectors = std::vector<std::vector<int>>;

template <class Next>
auto all_of(Next&& next) {
  std::vector<parwork::generator_item_t<Next>> found;
  while (auto item = next()) found.push_back(std::move(*item));
  return found;
}

auto count_to(int last) {
  return [last, next = 1]() mutable -> std::optional<int> {
    if (next > last) return std::nullopt;
    return next++;
  };
}

TEST(chunks, are_full_but_for_the_last_one) {
  EXPECT_EQ(all_of(chunks(count_to(7), 3)), (vectors{{1, 2, 3}, {4, 5, 6}, {7}}));
}

TEST(chunks, there_is_no_empty_one_at_the_end) {
  EXPECT_EQ(all_of(chunks(count_to(4), 2)), (vectors{{1, 2}, {3, 4}}));
  EXPECT_EQ(all_of(chunks(count_to(0), 2)), vectors{});
}

TEST(chunks, the_end_stays_the_end_and_the_generator_is_not_called_again) {
  int calls_after_end = 0;
  auto next = chunks(
      [&, left = 2]() mutable -> std::optional<int> {
        if (left == 0) ++calls_after_end;
        return left == 0 ? std::nullopt : std::optional(left--);
      },
      10);
  EXPECT_EQ(next()->size(), 2u);
  EXPECT_FALSE(next());
  EXPECT_FALSE(next());
  EXPECT_EQ(calls_after_end, 1);
}

TEST(chunks, are_made_of_a_range) {
  const std::list<int> numbers{1, 2, 3};
  EXPECT_EQ(all_of(chunks(numbers, 2)), (vectors{{1, 2}, {3}}));
  EXPECT_EQ(all_of(chunks(std::views::iota(1, 4), 2)), (vectors{{1, 2}, {3}}));
  EXPECT_EQ(all_of(chunks(std::vector{1, 2, 3}, 5)), (vectors{{1, 2, 3}}));
}

TEST(chunks, keep_an_lvalue_range_by_reference) {
  std::vector<int> numbers{1};
  auto next = chunks(numbers, 2);
  numbers.push_back(2);
  EXPECT_EQ(next(), (std::vector{1, 2}));
}

TEST(chunks, keep_an_lvalue_generator_by_reference) {
  auto generator = count_to(5);
  auto next = chunks(generator, 2);
  EXPECT_EQ(next(), (std::vector{1, 2}));
  EXPECT_EQ(generator(), 3);
  EXPECT_EQ(next(), (std::vector{4, 5}));
}

TEST(chunks, hold_move_only_items_of_ranges_and_generators) {
  std::vector<std::unique_ptr<int>> pointers;
  pointers.push_back(std::make_unique<int>(5));
  auto of_range = chunks(std::move(pointers), 2);
  EXPECT_EQ(*of_range()->front(), 5);

  auto of_callable = chunks(
      [left = 3]() mutable { return left == 0 ? nullptr : std::make_unique<int>(left--); }, 2);
  EXPECT_EQ(*of_callable()->back(), 2);
  EXPECT_EQ(*of_callable()->back(), 1);
  EXPECT_FALSE(of_callable());
}

TEST(chunks, hold_the_items_of_a_coroutine) {
  auto numbers = [](int last) -> parwork_test::coroutine_range<int> {
    for (int i = 1; i <= last; ++i) co_yield int{i};
  };
  EXPECT_EQ(all_of(chunks(numbers(3), 2)), (vectors{{1, 2}, {3}}));
}

TEST(chunks, hold_pointers_of_a_generator_of_pointers) {
  int value = 3;
  auto next = chunks([&, left = 1]() mutable { return left-- > 0 ? &value : nullptr; }, 2);
  EXPECT_EQ(next(), (std::vector<int*>{&value}));
  EXPECT_FALSE(next());
}

TEST(chunks, go_on_after_a_move) {
  auto next = chunks(std::vector{1, 2, 3}, 1);
  EXPECT_EQ(next(), (std::vector{1}));
  auto moved = std::move(next);
  EXPECT_EQ(moved(), (std::vector{2}));
  EXPECT_EQ(moved(), (std::vector{3}));
  EXPECT_FALSE(moved());
}

TEST(chunks, may_be_larger_than_memory) {
  EXPECT_EQ(all_of(chunks(count_to(2), std::size_t{1} << 62)), (vectors{{1, 2}}));
}

TEST(chunks, what_was_taken_before_the_generator_threw_comes_first) {
  auto next = chunks(
      [left = 2]() mutable -> std::optional<int> {
        if (left == 0) throw std::runtime_error("broken");
        return left--;
      },
      5);
  EXPECT_EQ(next(), (std::vector{2, 1}));
  EXPECT_THROW(static_cast<void>(next()), std::runtime_error);
}

TEST(chunks, a_generator_that_throws_at_once_throws_at_once) {
  auto next = chunks([]() -> std::optional<int> { throw std::runtime_error("broken"); }, 5);
  EXPECT_THROW(static_cast<void>(next()), std::runtime_error);
}

TEST(chunks, of_size_zero_are_refused) {
  EXPECT_THROW(static_cast<void>(chunks(count_to(1), 0)), std::invalid_argument);
}

TEST(chunks, of_a_null_generator_are_refused) {
  EXPECT_THROW(static_cast<void>(chunks(std::function<std::optional<int>()>(), 2)),
               std::invalid_argument);
}

TEST(chunks, can_be_stopped_where_their_generator_can_and_lose_nothing) {
  struct waiting_generator {
    std::optional<int> operator()() { return 1; }
    std::optional<int> operator()(std::stop_token stop) {
      if (stop.stop_requested()) return std::nullopt;
      if (++yielded == 3) source->request_stop();
      return yielded;
    }
    std::stop_source* source;
    int yielded = 0;
  };
  std::stop_source source;
  auto next = chunks(waiting_generator{&source}, 100);
  EXPECT_EQ(next(source.get_token()), (std::vector{1, 2, 3}));
  EXPECT_EQ(next(source.get_token()), std::nullopt);
  static_assert(!std::invocable<decltype(chunks(count_to(1), 1))&, std::stop_token>);
}

}  // namespace
