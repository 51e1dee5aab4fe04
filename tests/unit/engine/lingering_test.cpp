// Spans that wait for more items: where they lie, who may take them, and when the wait is over.
#include "engine/lingering.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "unit/engine/parts.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::detail::batch;
using parwork::detail::stealing;
using parwork_test::items_of;
using parwork_test::parts;
using parwork_test::parts_plan;

parts_plan waiting_for(std::chrono::nanoseconds linger) {
  parts_plan plan{.shape = {.workers = 3, .is_ordered = true}};
  plan.traits.largest_batch = 4;
  plan.traits.linger = linger;
  return plan;
}

class Lingering : public testing::Test {
 protected:
  static void pull_by(parts& run, int items_a_turn) {
    run.hooks.between = [&run, items_a_turn, left = 0](batch& b, std::uint32_t filled) mutable {
      if (left == 0) left = items_a_turn;
      return run.lingering.came(b, filled) && --left > 0;
    };
  }
  static std::vector<int> left_in(const batch& b) {
    const auto& items = static_cast<const parwork_test::number_batch&>(b).items;
    return {items.begin() + b.start.load(), items.begin() + b.limit.load()};
  }
  // A span whose wait the timer ends: while it is being pulled, or afterwards.
  static batch& span_of(parts& run, const parwork::detail::intake::turn& got) {
    while (got.work == nullptr && !run.offered.has_any()) std::this_thread::yield();
    return got.work != nullptr ? *got.work : *run.offered.take();
  }
};

// Those of the window, in its order.
void free_both(parts& run, batch& first, batch& second) {
  for (batch* each : {&first, &second}) {
    run.window.pop();
    run.stock.put(run.enter(0), *each);
  }
}

TEST_F(Lingering, AShortSpanIsPutDownAndFilledUpByTheNextTurns) {
  parts run{waiting_for(24h)};
  auto& one = run.enter(0);
  auto& two = run.enter(1);
  run.hooks.source = {1, 2, 3, 4, 5};
  pull_by(run, 2);
  EXPECT_EQ(run.intake.next(one).work, nullptr);
  EXPECT_EQ(run.credits.produced(), 2U) << "it is in flight";
  EXPECT_EQ(run.window.head(), nullptr) << "and has no place yet";
  EXPECT_FALSE(run.stealing.is_there_work(stealing::victims::all));
  batch* const full = run.intake.next(two).work;
  ASSERT_NE(full, nullptr);
  EXPECT_EQ(left_in(*full), (std::vector{1, 2, 3, 4}));
  EXPECT_EQ(full->first_index, 0U);
  EXPECT_EQ(full->claimed.load(), 4U) << "nobody splits it";
  EXPECT_EQ(run.window.head(), full);
  run.window.pop();
  run.stock.put(two, *full);
}

TEST_F(Lingering, TheEndOfTheGeneratorEndsTheWait) {
  parts run{waiting_for(24h)};
  auto& w = run.enter(0);
  run.hooks.source = {1};
  pull_by(run, 1);
  EXPECT_EQ(run.intake.next(w).work, nullptr);
  batch* const last = run.intake.next(w).work;
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(left_in(*last), std::vector{1});
  EXPECT_TRUE(run.credits.is_closed());
  run.window.pop();
  run.stock.put(w, *last);
}

TEST_F(Lingering, AFullQueueEndsTheWait) {
  auto plan = waiting_for(24h);
  plan.bound = 2;
  parts run{std::move(plan)};
  auto& w = run.enter(0);
  run.hooks.source = {1, 2, 3};
  pull_by(run, 2);
  batch* const all = run.intake.next(w).work;
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(left_in(*all), (std::vector{1, 2}));
  run.window.pop();
  run.stock.put(w, *all);
}

TEST_F(Lingering, AStopOffersWhatWaits) {
  parts run{waiting_for(24h)};
  auto& w = run.enter(0);
  run.hooks.source = {1, 2, 3};
  pull_by(run, 2);
  EXPECT_EQ(run.intake.next(w).work, nullptr);
  EXPECT_FALSE(run.offered.has_any());
  ASSERT_TRUE(run.ending.stop());
  run.lingering.release();
  batch* const offered = run.offered.take();
  ASSERT_NE(offered, nullptr);
  EXPECT_EQ(left_in(*offered), (std::vector{1, 2}));
  run.lingering.release();
  EXPECT_FALSE(run.offered.has_any());
  run.window.pop();
  run.stock.put(w, *offered);
}

TEST_F(Lingering, TheTimerOffersWhatHasBeenPutDown) {
  parts run{waiting_for(1ms)};
  auto& w = run.enter(0);
  run.hooks.source = {1, 2, 3};
  pull_by(run, 1);
  batch& late = span_of(run, run.intake.next(w));
  EXPECT_EQ(left_in(late), std::vector{1});
  run.window.pop();
  run.stock.put(w, late);
}

// The thief comes while the generator is called for the fourth item; that one begins a new span.
TEST_F(Lingering, WhatHasWaitedIsTakenAsOneAndTheNextItemWaitsAnew) {
  parts run{waiting_for(24h)};
  auto& w = run.enter(0);
  auto& thief = run.enter(1);
  run.hooks.source = {1, 2, 3, 4};
  batch* taken = nullptr;
  run.hooks.between = [&](batch& b, std::uint32_t filled) {
    const bool goes_on = run.lingering.came(b, filled);
    if (filled == 3) {
      EXPECT_EQ(run.stealing.next(thief, stealing::victims::all), nullptr) << "not yet";
      run.lingering.release();  // as the timer does
      taken = run.stealing.next(thief, stealing::victims::all);
    }
    return goes_on;
  };
  EXPECT_EQ(run.intake.next(w).work, nullptr) << "the fourth waits";
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(left_in(*taken), (std::vector{1, 2, 3}));
  EXPECT_EQ(taken->first_index, 0U);
  EXPECT_EQ(run.window.head(), taken);
  EXPECT_EQ(run.credits.produced(), 4U);
  run.lingering.release();
  batch* const rest = run.offered.take();
  ASSERT_NE(rest, nullptr);
  EXPECT_EQ(left_in(*rest), std::vector{4});
  EXPECT_EQ(rest->first_index, 3U);
  EXPECT_GE(rest->capacity, 4U) << "as many may come";
  EXPECT_EQ(taken->window_next, rest);
  free_both(run, *taken, *rest);
}

// Whoever was woken then saw no batch that is being filled: the puller looks itself.
TEST_F(Lingering, AWaitThatEndsAsTheNextTurnBeginsIsSeenByThePuller) {
  parts run{waiting_for(24h)};
  auto& w = run.enter(0);
  run.hooks.source = {1, 2};
  pull_by(run, 1);
  EXPECT_EQ(run.intake.next(w).work, nullptr);
  batch* const resumed = run.lingering.resume();
  ASSERT_NE(resumed, nullptr);
  EXPECT_FALSE(run.lingering.has_waited());
  run.lingering.release();
  EXPECT_TRUE(run.lingering.has_waited());
  EXPECT_EQ(run.lingering.end_turn(w, *resumed, parwork::detail::pull_end::more), resumed);
  run.window.pop();
  run.stock.put(w, *resumed);
}

TEST_F(Lingering, WithoutMemoryForABatchTheSpanIsShorter) {
  parts run{waiting_for(24h)};
  auto& w = run.enter(0);
  auto& thief = run.enter(1);
  run.hooks.source = {1, 2};
  batch* taken = nullptr;
  run.hooks.between = [&](batch& b, std::uint32_t filled) {
    const bool goes_on = run.lingering.came(b, filled);
    if (filled == 1) {
      run.lingering.release();
      taken = run.stealing.next(thief, stealing::victims::all);
      run.hooks.batches_left = 0;
    }
    return goes_on;
  };
  EXPECT_EQ(run.intake.next(w).work, nullptr);
  ASSERT_NE(taken, nullptr);
  run.lingering.release();
  batch* const rest = run.offered.take();
  ASSERT_NE(rest, nullptr);
  EXPECT_EQ(left_in(*rest), std::vector{2});
  free_both(run, *taken, *rest);
}

TEST_F(Lingering, TheTimerMovesOnToTheWaitThatIsUnderWay) {
  parts run{waiting_for(20ms)};
  auto& w = run.enter(0);
  pull_by(run, 4);
  for (int round = 0; round < 3; ++round) {
    run.hooks.source = {1, 2, 3, 4, 5};
    batch* const full = run.intake.next(w).work;
    ASSERT_NE(full, nullptr);
    run.window.pop();
    run.stock.put(w, *full);
    run.hooks.source = {6, 7};
    run.hooks.between = [&](batch& b, std::uint32_t filled) {
      return run.lingering.came(b, filled) && filled < 1;
    };
    batch& late = span_of(run, run.intake.next(w));
    EXPECT_EQ(left_in(late), std::vector{6});
    run.window.pop();
    run.stock.put(w, late);
    pull_by(run, 4);
  }
}

TEST_F(Lingering, WithoutAWaitABatchGoesToWorkAsItIs) {
  parts run{waiting_for(0ns)};
  EXPECT_FALSE(run.lingering.is_used());
  auto plan = waiting_for(1h);
  plan.traits.is_split = true;
  parts split{std::move(plan)};
  EXPECT_FALSE(split.lingering.is_used()) << "a range has all items at once";
}

}  // namespace
