// Who may begin something new: pauses, stops and limits, without a run.
#include "engine/gatekeeping.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "unit/engine/parts.hpp"

namespace {

using namespace parwork::detail;
using parwork_test::parts;

std::uint32_t held_bits(const parts& run) { return run.services.attention.load() & attention_hold; }

TEST(Gatekeeping, NobodyIsHeldBackAtFirst) {
  const parts run;
  EXPECT_EQ(held_bits(run), 0U);
  for (const unsigned number : {0U, 1U, 2U}) EXPECT_FALSE(run.gate.holds_back(number));
}

TEST(Gatekeeping, APauseHoldsBackEverybodyUntilItIsOver) {
  parts run;
  run.gate.pause();
  run.gate.pause();
  EXPECT_TRUE(run.gate.is_paused());
  EXPECT_TRUE(run.gate.holds_back(0));
  EXPECT_TRUE(run.gate.holds_back(run.shape.generator_number()));
  run.gate.resume();
  EXPECT_FALSE(run.gate.holds_back(0));
  EXPECT_EQ(held_bits(run), 0U);
}

TEST(Gatekeeping, PausedTimeAddsUp) {
  parts run;
  const auto now = clock::now();
  EXPECT_EQ(run.gate.paused_by(now).count(), 0);
  run.gate.begin_paused(now - std::chrono::hours(1));
  EXPECT_EQ(run.gate.paused_by(now), std::chrono::hours(1));
  run.gate.resume();
  const auto first = run.gate.paused_by(now);
  EXPECT_GE(first, std::chrono::hours(1));
  run.gate.pause();
  EXPECT_GE(run.gate.paused_by(clock::now() + std::chrono::hours(1)),
            first + std::chrono::hours(1));
}

TEST(Gatekeeping, AStopEndsAPauseForGood) {
  parts run;
  run.gate.pause();
  run.gate.stop();
  EXPECT_FALSE(run.gate.is_paused());
  run.gate.pause();
  EXPECT_FALSE(run.gate.is_paused());
}

TEST(Gatekeeping, TheBitIsSetWhileSurplusWorkersAreInside) {
  parts run;
  for (const unsigned number : {0U, 1U, 2U}) run.gate.came(number);
  run.gate.set_limit(1);
  EXPECT_EQ(held_bits(run), attention_surplus);
  EXPECT_FALSE(run.gate.holds_back(0));
  EXPECT_TRUE(run.gate.holds_back(1));
  EXPECT_TRUE(run.gate.holds_back(2));
  EXPECT_FALSE(run.gate.holds_back(run.shape.generator_number())) << "it is no worker";
  run.gate.went(2);
  EXPECT_EQ(held_bits(run), attention_surplus);
  run.gate.went(1);
  EXPECT_EQ(held_bits(run), 0U) << "the others go on undisturbed";
}

TEST(Gatekeeping, OneThatComesThoughItIsSurplusIsSentAway) {
  parts run;
  run.gate.set_limit(2);
  run.gate.came(2);
  EXPECT_TRUE(run.gate.holds_back(2));
  run.gate.went(2);
  EXPECT_EQ(held_bits(run), 0U);
}

TEST(Gatekeeping, AHigherLimitLetsThemStay) {
  parts run;
  for (const unsigned number : {0U, 1U, 2U}) run.gate.came(number);
  run.gate.set_limit(1);
  run.gate.set_limit(3);
  EXPECT_EQ(held_bits(run), 0U);
  EXPECT_FALSE(run.gate.holds_back(2));
  EXPECT_EQ(run.gate.most(), 3U);
}

TEST(Gatekeeping, TheLimitIsNeverAboveWhatTheRunHasNumbersFor) {
  parts run;
  run.gate.set_limit(1000);
  EXPECT_EQ(run.gate.most(), run.shape.most());
}

TEST(Gatekeeping, AThreadThatIsToStayAwaySleepsUntilTheLimitIsRaised) {
  parts run;
  auto& w = run.enter(2);
  run.is_there_work = [](unsigned) { return true; };  // so it would not sleep else
  run.gate.set_limit(2);
  std::atomic<bool> raised{false};
  std::jthread away([&] {
    run.wakeups.sleep(w);
    EXPECT_TRUE(raised);
  });
  std::this_thread::yield();
  raised = true;
  run.gate.set_limit(3);
}

TEST(Gatekeeping, OrUntilTheRunIsOver) {
  parts run;
  auto& w = run.enter(2);
  run.gate.set_limit(1);
  std::jthread away([&] { run.wakeups.sleep(w); });
  std::this_thread::yield();
  run.wakeups.end();
}

}  // namespace
