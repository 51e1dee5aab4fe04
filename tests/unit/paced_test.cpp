#include "parwork/paced.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/chunks.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::paced;
constexpr double unlimited = std::numeric_limits<double>::infinity();
constexpr double once_a_day = 1.0 / 86'400;

static_assert(std::invocable<decltype(paced(std::vector<int>{}, 1))&, std::stop_token>);

TEST(paced, yields_every_item_in_order) {
  auto next = paced(std::vector{1, 2, 3}, unlimited);
  EXPECT_EQ(next(), 1);
  EXPECT_EQ(next(), 2);
  EXPECT_EQ(next(), 3);
  EXPECT_EQ(next(), std::nullopt);
  EXPECT_EQ(next(), std::nullopt);
}

TEST(paced, yields_the_first_item_at_once) {
  auto next = paced(std::vector{1, 2}, once_a_day);
  EXPECT_EQ(next(), 1);
}

TEST(paced, never_yields_faster_than_asked) {
  constexpr int count = 6;
  auto next = paced(std::vector<int>(count), 1'000);
  const auto begin = std::chrono::steady_clock::now();
  while (next()) {
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  // count - 1 slots of a millisecond, less the millisecond that may be made up for
  EXPECT_GE(took, (count - 2) * 1ms);
}

TEST(paced, a_stop_ends_the_wait_and_leaves_the_next_item_where_it_is) {
  int taken = 0;
  auto next = paced([&]() -> std::optional<int> { return ++taken; }, once_a_day);
  std::stop_source source;
  EXPECT_EQ(next(source.get_token()), 1);
  std::jthread stopper([&] { source.request_stop(); });
  EXPECT_EQ(next(source.get_token()), std::nullopt);
  EXPECT_EQ(taken, 1);
}

TEST(paced, a_stop_of_before_takes_nothing) {
  int taken = 0;
  auto next = paced([&]() -> std::optional<int> { return ++taken; }, unlimited);
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(next(source.get_token()), std::nullopt);
  EXPECT_EQ(taken, 0);
}

TEST(paced, hands_the_stop_on_to_a_generator_that_waits_too) {
  auto next = paced(paced(std::vector{1, 2}, once_a_day), unlimited);
  std::stop_source source;
  EXPECT_EQ(next(source.get_token()), 1);
  std::jthread stopper([&] { source.request_stop(); });
  EXPECT_EQ(next(source.get_token()), std::nullopt);
}

TEST(paced, within_chunks_a_stop_gives_what_is_there) {
  auto next = parwork::chunks(paced(std::vector{1, 2}, once_a_day), 2);
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  const auto chunk = next(source.get_token());
  if (chunk) {
    EXPECT_EQ(*chunk, (std::vector{1}));
  }
  EXPECT_EQ(next(source.get_token()), std::nullopt);
}

TEST(paced, takes_move_only_items_and_pointers) {
  auto next = paced(
      [left = 1]() mutable { return left-- > 0 ? std::make_unique<int>(7) : nullptr; }, unlimited);
  const std::optional<std::unique_ptr<int>> item = next();
  ASSERT_TRUE(item);
  EXPECT_EQ(**item, 7);
  EXPECT_FALSE(next());
}

TEST(paced, passes_on_what_the_generator_throws) {
  auto next = paced([]() -> std::optional<int> { throw std::runtime_error("broken"); }, unlimited);
  EXPECT_THROW(static_cast<void>(next()), std::runtime_error);
}

TEST(paced, refuses_a_rate_that_is_none) {
  for (const double rate : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(static_cast<void>(paced(std::vector{1}, rate)), std::invalid_argument);
  }
}

TEST(paced, refuses_a_null_generator) {
  EXPECT_THROW(static_cast<void>(paced(std::function<std::optional<int>()>(), 1)),
               std::invalid_argument);
}

}  // namespace
