// Items by their priority, of those that have been pulled in advance.
#include "parwork/prioritized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
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
using parwork::prioritized;
using parwork::process;

constexpr auto own_priority = [](int item) { return item; };

template <class Next>
std::vector<int> prioritized_of(Next&& next) {
  std::vector<int> found;
  while (auto item = next()) found.push_back(*item);
  return found;
}

class prioritized_leak : public leak_check {};
class prioritized_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, prioritized_sweep, sweep_values(), sweep_name);

TEST(prioritized_items, come_with_the_greatest_first) {
  EXPECT_EQ(prioritized_of(prioritized(std::vector{3, 1, 4, 1, 5}, own_priority)),
            (std::vector{5, 4, 3, 1, 1}));
}

TEST(prioritized_items, are_chosen_from_those_pulled_in_advance) {
  EXPECT_EQ(prioritized_of(prioritized(std::vector{1, 2, 3, 4, 0}, own_priority, 2)),
            (std::vector{2, 3, 4, 1, 0}));
  EXPECT_EQ(prioritized_of(prioritized(std::vector{1, 2, 3}, own_priority, 1)),
            (std::vector{1, 2, 3}));
}

TEST(prioritized_items, equal_ones_come_in_their_order) {
  EXPECT_EQ(
      prioritized_of(prioritized(std::vector{10, 21, 12, 23, 14}, [](int i) { return i / 10; })),
      (std::vector{21, 23, 10, 12, 14}));
  std::vector<int> many(5000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<int>(i);
  EXPECT_EQ(prioritized_of(prioritized(many, [](int) { return 0; }, 300)), many);
}

TEST(prioritized_items, are_those_that_a_plain_search_finds) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::vector<int> items(random() % 300);
    for (int& item : items) item = static_cast<int>(random() % 50);
    const std::size_t ahead = 1 + random() % 60;
    std::list<int> held;
    std::vector<int> expected;
    for (auto next = items.begin(); next != items.end() || !held.empty();) {
      while (next != items.end() && held.size() < ahead) held.push_back(*next++);
      const auto first = std::ranges::max_element(held);
      expected.push_back(*first);
      held.erase(first);
    }
    ASSERT_EQ(prioritized_of(prioritized(items, own_priority, ahead)), expected);
  }
}

TEST(prioritized_items, are_pulled_until_enough_are_held_and_no_further) {
  int pulled = 0;
  auto next = prioritized([&]() -> std::optional<int> { return ++pulled; }, own_priority, 10);
  EXPECT_EQ(next(), 10);
  EXPECT_EQ(pulled, 10);
  EXPECT_EQ(next(), 11);
  EXPECT_EQ(pulled, 11);
}

TEST(prioritized_items, have_their_priority_asked_once) {
  int asked = 0;
  EXPECT_EQ(prioritized_of(prioritized(std::vector{1, 2, 3},
                                       [&](const int& item) {
                                         ++asked;
                                         return item;
                                       }))
                .size(),
            3U);
  EXPECT_EQ(asked, 3);
}

TEST(prioritized_items, what_is_thrown_comes_behind_those_that_are_held) {
  auto next = prioritized(
      [left = 3]() mutable -> std::optional<int> {
        if (left == 0) throw std::runtime_error("broken");
        return left--;
      },
      [](int item) { return -item; });
  EXPECT_EQ(next(), 1);
  EXPECT_EQ(next(), 2);
  EXPECT_EQ(next(), 3);
  EXPECT_THROW(static_cast<void>(next()), std::runtime_error);
  EXPECT_EQ(next(), std::nullopt);
  auto other = prioritized(std::vector{1, 2, 3}, [](int item) {
    return item < 3 ? item : throw std::runtime_error("3");
  });
  EXPECT_EQ(other(), 2);
  EXPECT_EQ(other(), 1);
  EXPECT_THROW(static_cast<void>(other()), std::runtime_error);
}

TEST(prioritized_items, need_a_generator_a_priority_and_room) {
  EXPECT_THROW(static_cast<void>(prioritized(std::vector{1}, own_priority, 0)),
               std::invalid_argument);
  EXPECT_THROW(static_cast<void>(prioritized(std::function<std::optional<int>()>(), own_priority)),
               std::invalid_argument);
  EXPECT_THROW(static_cast<void>(prioritized(std::vector{1}, std::function<int(int)>())),
               std::invalid_argument);
}

TEST(prioritized_items, may_be_move_only_filled_referred_to_or_of_another_adapter) {
  std::vector<std::unique_ptr<int>> pointers;
  for (const int i : {1, 3, 2}) pointers.push_back(std::make_unique<int>(i));
  auto of_pointers =
      prioritized(std::move(pointers), [](const std::unique_ptr<int>& p) { return *p; }, 2);
  EXPECT_EQ(**of_pointers(), 3);
  EXPECT_EQ(**of_pointers(), 2);

  auto fill = [left = 3](int& item) mutable {
    item = left;
    return left-- > 0;
  };
  EXPECT_EQ(prioritized_of(prioritized(fill, std::negate<>())), (std::vector{1, 2, 3}));

  std::vector<int> numbers{1, 2, 3};
  std::vector<int> seen;
  const auto run =
      process(prioritized(parwork::refs(numbers), own_priority), [](int& item) { return item++; },
              parwork::into(seen), {.order = ordering::input});
  expect_counts(run, 3);
  EXPECT_EQ(seen, (std::vector{3, 2, 1}));
  EXPECT_EQ(numbers, (std::vector{2, 3, 4}));

  auto of_chunks = prioritized(parwork::chunks(std::vector{1, 5, 2, 3}, 2),
                               [](const std::vector<int>& c) { return c.front(); });
  EXPECT_EQ(of_chunks(), (std::vector{2, 3}));
  EXPECT_EQ(prioritized_of(parwork::paced(prioritized(std::vector{1, 2}, own_priority), 1e9)),
            (std::vector{2, 1}));
}

// --- In a run ---

TEST_P(prioritized_sweep, lose_none_and_come_in_the_order_of_their_index) {
  for (const auto order : {ordering::completion, ordering::input}) {
    auto given = options();
    given.order = order;
    std::vector<int> seen(1000, 0);
    const auto run = process(
        prioritized(
            counted_items(1000), [](const counted& item) { return item.id(); }, 1000),
        [](const counted& item) { return item.id(); },
        [&](const completion<counted, std::uint64_t>& done) {
          EXPECT_EQ(done.index + *done.result, 999U);
          ++seen.at(done.index);
        },
        given);
    expect_counts(run, 1000);
    EXPECT_LE(run.peak_in_flight, queue());
    EXPECT_EQ(seen, std::vector<int>(1000, 1));
  }
}

TEST_F(prioritized_leak, a_stop_destroys_those_that_are_held_uncounted) {
  std::stop_source stop;
  std::uint64_t collected = 0;
  const auto run = process(
      prioritized(
          counted_items(100'000), [](const counted&) { return 0; }, 500),
      [&](const counted& item) {
        if (item.id() == 50) stop.request_stop();
      },
      [&](const completion<counted, void>&) { ++collected; },
      {.workers = 2, .queue = 10, .stop = stop.get_token()});
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(run.produced, collected);
  EXPECT_LT(run.produced, 100U);
}

TEST_F(prioritized_leak, a_generator_that_never_ends_is_pulled_no_further_after_a_stop) {
  std::stop_source stop;
  const auto run = process(
      prioritized(
          [&, pulled = 0]() mutable -> std::optional<int> {
            if (++pulled == 1000) stop.request_stop();
            return pulled;
          },
          own_priority, std::size_t{1} << 40),
      [](int) {}, [](const completion<int, void>&) {}, {.stop = stop.get_token()});
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(run.produced, 0U);
}

TEST_F(prioritized_leak, what_the_generator_throws_leaves_behind_them) {
  std::uint64_t collected = 0;
  EXPECT_THROW(static_cast<void>(process(
                   prioritized(
                       [next = std::uint64_t{0}]() mutable -> std::optional<counted> {
                         if (next == 100) throw std::runtime_error("broken");
                         return counted(next++);
                       },
                       [](const counted& item) { return item.id(); }, 10),
                   [](const counted&) {}, [&] { ++collected; })),
               std::runtime_error);
  EXPECT_EQ(collected, 100U);
}

TEST_F(prioritized_leak, are_retried_like_others) {
  const auto run = process(
      prioritized(counted_items(100), [](const counted& item) { return item.id(); }),
      [](const counted&, parwork::context& about) {
        if (about.attempt() == 1) throw 42;
      },
      [](const completion<counted, void>& done) { EXPECT_EQ(done.attempts, 2U); },
      {.workers = 4, .order = ordering::input, .retry = {.max_attempts = 2}});
  expect_counts(run, 100);
}

}  // namespace
