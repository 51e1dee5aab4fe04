// The arithmetic of the run's bound.
#include "engine/credits.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace {

using parwork::detail::credits;

TEST(Credits, RoomIsTheBoundLessWhatIsInFlight) {
  credits c(10, credits::form::batches, credits::givers::one);
  EXPECT_EQ(c.room(), 10U);
  EXPECT_EQ(c.take(7), 0U);
  EXPECT_EQ(c.room(), 3U);
  c.give_back(2);
  EXPECT_EQ(c.room(), 5U);
  EXPECT_EQ(c.take(5), 7U);
  EXPECT_EQ(c.room(), 0U);
}

TEST(Credits, PeakIsTheMostThatWasInFlight) {
  credits c(10, credits::form::batches, credits::givers::one);
  c.take(4);
  c.give_back(4);
  c.take(6);
  c.take(1);
  c.give_back(7);
  c.take(2);
  EXPECT_EQ(c.peak(), 7U);
}

TEST(Credits, GrowWhenTheBoundIsReachedUpToTheirLimit) {
  credits c(4, credits::form::batches, credits::givers::one, 0, 10);
  c.take(3);
  EXPECT_FALSE(c.grow()) << "there is room";
  c.take(1);
  EXPECT_TRUE(c.grow());
  EXPECT_EQ(c.bound(), 8U);
  EXPECT_EQ(c.room(), 4U);
  c.take(4);
  EXPECT_TRUE(c.grow());
  EXPECT_EQ(c.room(), 2U);
  c.take(2);
  EXPECT_FALSE(c.grow()) << "that is all";
  EXPECT_EQ(c.bound(), 10U);
}

TEST(Credits, DoNotGrowUnlessTheyMayNorWhenClosed) {
  credits fixed(1, credits::form::batches, credits::givers::one);
  fixed.take(1);
  EXPECT_FALSE(fixed.grow());
  credits closed(1, credits::form::batches, credits::givers::one, 0, 10);
  closed.take(1);
  closed.close();
  EXPECT_FALSE(closed.grow());
}

TEST(Credits, HaveNoRoomUntilThereIsMemoryForWhatWaits) {
  credits c(10, credits::form::batches, credits::givers::one, 100);
  EXPECT_TRUE(c.take_memory(60));
  c.take(1);
  EXPECT_EQ(c.room(), 9U);
  EXPECT_FALSE(c.take_memory(50));
  EXPECT_EQ(c.room(), 0U);
  c.give_back_memory(60);
  EXPECT_EQ(c.room(), 9U);
  EXPECT_TRUE(c.take_memory(50));
  EXPECT_TRUE(c.take_memory(50));
  EXPECT_EQ(c.peak_memory(), 100U);
}

TEST(Credits, WhatIsHeavierThanMemoryIsAlone) {
  credits c(10, credits::form::batches, credits::givers::one, 100);
  EXPECT_TRUE(c.take_memory(1));
  EXPECT_FALSE(c.take_memory(101));
  c.give_back_memory(1);
  EXPECT_TRUE(c.take_memory(101));
  EXPECT_FALSE(c.take_memory(0)) << "not even this one";
  EXPECT_EQ(c.room(), 0U);
  c.give_back_memory(101);
  EXPECT_TRUE(c.take_memory(0));
  EXPECT_EQ(c.peak_memory(), 101U);
}

TEST(Credits, WithoutABoundMemoryIsCountedAlone) {
  credits c(10, credits::form::batches, credits::givers::one);
  EXPECT_TRUE(c.take_memory(1000));
  EXPECT_TRUE(c.take_memory(1000));
  EXPECT_EQ(c.room(), 10U);
  EXPECT_EQ(c.peak_memory(), 2000U);
}

TEST(Credits, AreDrainedWhenClosedAndAllIsDelivered) {
  credits c(10, credits::form::batches, credits::givers::one);
  EXPECT_FALSE(c.is_drained()) << "nothing was produced, but more may be";
  c.take(2);
  c.close();
  EXPECT_FALSE(c.is_drained());
  c.give_back(1);
  EXPECT_FALSE(c.is_drained());
  c.give_back(1);
  EXPECT_TRUE(c.is_drained());
}

TEST(Credits, ClaimsStayWithinTheBoundAndTheRange) {
  credits c(8, credits::form::slices, credits::givers::many);
  const auto all = [](std::uint64_t most) { return static_cast<std::uint32_t>(most); };
  const auto first = c.claim(12, 1, all);
  EXPECT_EQ(first.position, 0U);
  EXPECT_EQ(first.count, 8U);
  EXPECT_EQ(c.claim(12, 1, all).count, 0U) << "no room";
  c.give_back(8);
  const auto last = c.claim(12, 1, all);
  EXPECT_EQ(last.position, 8U);
  EXPECT_EQ(last.count, 4U);
  EXPECT_TRUE(c.is_closed()) << "the range is at its end";
  EXPECT_EQ(c.claim(12, 1, all).count, 0U);
  EXPECT_EQ(c.produced(), 12U);
}

TEST(Credits, NothingIsClaimedBehindClose) {
  credits c(8, credits::form::slices, credits::givers::many);
  c.close();
  EXPECT_EQ(c.claim(12, 1, [](std::uint64_t) { return 1U; }).count, 0U);
  EXPECT_EQ(c.produced(), 0U);
  EXPECT_TRUE(c.is_drained());
}

TEST(Credits, StraightSlicesCountThemselvesNotTheirItems) {
  credits c(4, credits::form::straight, credits::givers::many);
  EXPECT_EQ(c.claim(1000, 1, [](std::uint64_t) { return 500U; }).count, 500U);
  EXPECT_EQ(c.room(), 4U);
  c.begin_straight();
  c.begin_straight();
  c.end_straight();
  c.end_straight();
  EXPECT_EQ(c.peak(), 2U);
}

// Claims of several threads cover the range once, whoever gives back meanwhile.
TEST(Credits, ClaimsOfManyThreadsCoverTheRangeOnce) {
  constexpr std::uint64_t size = 20'000;
  credits c(64, credits::form::slices, credits::givers::many);
  std::vector<std::atomic<int>> claimed(size);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!c.is_closed()) {
        const auto got = c.claim(size, 6, [](std::uint64_t most) {
          return static_cast<std::uint32_t>(most < 7 ? most : 7);
        });
        for (std::uint32_t i = 0; i < got.count; ++i) ++claimed[got.position + i];
        if (got.count > 0) c.give_back(got.count);
      }
    });
  }
  threads.clear();
  for (const auto& times : claimed) ASSERT_EQ(times.load(), 1);
  EXPECT_TRUE(c.is_drained());
  EXPECT_LE(c.peak(), 64U);
}

}  // namespace
