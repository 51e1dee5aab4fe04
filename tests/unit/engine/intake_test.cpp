// Where new items come from: the gate, the sizes, slices of a range.
#include "engine/intake.hpp"

#include <gtest/gtest.h>

#include "unit/engine/parts.hpp"

namespace {

using parwork::runs_on;
using parwork::detail::intake;
using parwork_test::items_of;
using parwork_test::parts;
using outcome = parwork::detail::intake::turn::outcome;

constexpr auto is_over = [](const parts& run) { return run.wakeups.is_over(); };

TEST(Intake, PullsABatchAndAdmitsIt) {
  parts run;
  auto& w = run.enter(0);
  w.target = 2;
  run.hooks.source = {7, 8, 9};
  const auto got = run.intake.next(w);
  ASSERT_NE(got.work, nullptr);
  EXPECT_EQ(got.items, 2U);
  EXPECT_EQ(items_of(*got.work)[1], 8);
  EXPECT_EQ(got.work->first_index, 0U);
  EXPECT_EQ(run.credits.produced(), 2U);
  EXPECT_TRUE(run.intake.is_there_work(1)) << "the gate is free again";
  run.stock.put(w, *got.work);
}

TEST(Intake, PullsNoMoreThanThereIsRoom) {
  parts run{{.shape = {.workers = 1}, .bound = 3}};
  auto& w = run.enter(0);
  w.target = 10;
  run.hooks.source = {1, 2, 3, 4, 5};
  const auto got = run.intake.next(w);
  EXPECT_EQ(got.items, 3U);
  EXPECT_FALSE(run.intake.is_there_work(0));
  EXPECT_EQ(run.intake.next(w).what, outcome::none);
  EXPECT_EQ(run.hooks.pulls, 1);
  run.stock.put(w, *got.work);
}

TEST(Intake, PullsNoMoreThanIsWantedWhereItAsks) {
  parts run{{.traits = {.asks_for_length = true}}};
  auto& w = run.enter(0);
  w.target = 10;
  run.hooks.source = {1, 2, 3, 4, 5};
  run.hooks.longest = 3;
  const auto got = run.intake.next(w);
  EXPECT_EQ(got.items, 3U);
  EXPECT_EQ(run.hooks.asked, 1);
  run.hooks.longest = 1;
  const auto next = run.intake.next(w);
  EXPECT_EQ(next.items, 1U);
  EXPECT_EQ(run.hooks.asked, 2);
  run.stock.put(w, *got.work);
  run.stock.put(w, *next.work);
}

TEST(Intake, ClaimsNoMoreThanIsWantedWhereItAsks) {
  parts run{{.shape = {.workers = 1, .is_split = true},
             .traits = {.size = 100, .is_split = true, .asks_for_length = true}}};
  auto& w = run.enter(0);
  w.target = 10;
  run.hooks.longest = 4;
  const auto got = run.intake.next(w);
  EXPECT_EQ(got.items, 4U);
  EXPECT_EQ(run.hooks.asked, 1);
  run.stock.put(w, *got.work);
}

TEST(Intake, TheEndOfTheGeneratorClosesAndEndsAnEmptyRun) {
  parts run;
  auto& w = run.enter(0);
  const auto got = run.intake.next(w);
  EXPECT_EQ(got.what, outcome::taken);
  EXPECT_EQ(got.work, nullptr);
  EXPECT_TRUE(run.credits.is_closed());
  EXPECT_TRUE(is_over(run));
  EXPECT_EQ(run.intake.next(w).what, outcome::none);
  EXPECT_EQ(run.hooks.pulls, 1) << "it is not called again";
}

TEST(Intake, AThrowingGeneratorEndsTheRunWithItsError) {
  parts run;
  run.hooks.generator_throws = true;
  EXPECT_EQ(run.intake.next(run.enter(0)).work, nullptr);
  EXPECT_NE(run.ending.error(), nullptr);
  EXPECT_TRUE(is_over(run));
}

TEST(Intake, AStoppingRunPullsNothing) {
  parts run;
  run.hooks.source = {1};
  ASSERT_TRUE(run.ending.stop());
  EXPECT_EQ(run.intake.next(run.enter(0)).work, nullptr);
  EXPECT_EQ(run.hooks.pulls, 0);
  EXPECT_TRUE(is_over(run));
}

TEST(Intake, OnlyTheCallerPullsForTheCaller) {
  parts run{{.shape = {.workers = 2, .generator_thread = runs_on::caller}}};
  run.hooks.source = {1, 2};
  EXPECT_FALSE(run.intake.is_there_work(1));
  EXPECT_EQ(run.intake.next(run.enter(1)).what, outcome::none);
  EXPECT_EQ(run.intake.next(run.enter(0)).work, nullptr) << "what it pulls is offered";
  EXPECT_TRUE(run.offered.has_any());
}

TEST(Intake, SlicesOfARangeAreCopied) {
  parts run{{.shape = {.workers = 1, .is_split = true}, .traits = {.size = 5, .is_split = true}}};
  auto& w = run.enter(0);
  w.target = 100;
  std::vector<int> seen;
  while (!run.credits.is_closed()) {
    const auto got = run.intake.next(w);
    ASSERT_NE(got.work, nullptr);
    EXPECT_EQ(got.work->first_index, seen.size());
    for (std::uint32_t i = 0; i < got.items; ++i) seen.push_back(items_of(*got.work)[i]);
    run.stock.put(w, *got.work);
  }
  EXPECT_EQ(seen, (std::vector{0, 1, 2, 3, 4}));
}

TEST(Intake, ElementsThatCannotBeCopiedGiveTheirCreditsBack) {
  parts run{{.shape = {.workers = 1, .is_split = true}, .traits = {.size = 8, .is_split = true}}};
  auto& w = run.enter(0);
  w.target = 4;
  run.hooks.copies_before_throw = 1;
  const auto got = run.intake.next(w);
  ASSERT_NE(got.work, nullptr);
  EXPECT_EQ(got.work->limit.load(), 1U);
  EXPECT_NE(run.ending.error(), nullptr);
  EXPECT_TRUE(run.credits.is_closed());
  run.credits.give_back(1);
  EXPECT_TRUE(run.credits.is_drained());
  run.stock.put(w, *got.work);
}

TEST(Intake, SizesGrowToTwiceAndShrinkToWhatFits) {
  parts run;
  auto& w = run.enter(0);
  w.target = 4;
  const intake::turn was{.items = 4};
  run.intake.adapt(w, was, was.began + std::chrono::nanoseconds(4));
  EXPECT_EQ(w.target, 8U);
  run.intake.adapt(w, was, was.began + std::chrono::milliseconds(1));
  EXPECT_EQ(w.target, 1U);
}

}  // namespace
