// How a run stops, fails and ends.
#include "engine/ending.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "parwork/concepts.hpp"
#include "unit/engine/parts.hpp"

namespace {

using parwork::failure;
using parwork::failure_kind;
using parwork::failure_policy;
using parwork_test::parts;

std::exception_ptr error(const char* text) {
  return std::make_exception_ptr(std::runtime_error(text));
}
std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

TEST(Ending, TheFirstErrorWins) {
  parts run;
  EXPECT_EQ(run.ending.error(), nullptr);
  run.ending.fail(error("first"));
  run.ending.fail(error("second"));
  EXPECT_EQ(text_of(run.ending.error()), "first");
}

TEST(Ending, StopsOnce) {
  parts run;
  const auto token = run.ending.token();
  EXPECT_FALSE(run.ending.is_stopping());
  EXPECT_TRUE(run.ending.stop());
  EXPECT_FALSE(run.ending.stop());
  EXPECT_TRUE(run.ending.is_stopping());
  EXPECT_TRUE(run.ending.was_stopped());
  EXPECT_TRUE(token.stop_requested());
}

TEST(Ending, AFailureStopsOnlyUnderThatPolicy) {
  parts lenient;
  EXPECT_FALSE(lenient.ending.note_failure(3, failure(failure_kind::error, "no"), 1));
  EXPECT_EQ(lenient.ending.first_failure()->message(), "no");
  EXPECT_EQ(lenient.ending.error(), nullptr);

  parts strict{{.policy = failure_policy::stop}};
  EXPECT_TRUE(strict.ending.note_failure(3, failure(failure_kind::error, "no"), 1));
  EXPECT_FALSE(strict.services.cut_off) << "without order nothing is behind it";
}

TEST(Ending, InInputOrderAFailureThatStopsCutsOffWhatIsBehind) {
  parts run{{.shape = {.workers = 2, .is_ordered = true}, .policy = failure_policy::stop}};
  EXPECT_TRUE(run.ending.note_failure(0, failure(failure_kind::error, "no"), 1));
  EXPECT_TRUE(run.services.cut_off);
}

TEST(Ending, InInputOrderAStopCutsOffWhatIsBehindTheFirstThatItCancelled) {
  parts run{{.shape = {.workers = 2, .is_ordered = true}}};
  EXPECT_TRUE(run.ending.stop());
  EXPECT_FALSE(run.ending.note_failure(0, failure(failure_kind::error, "its own"), 1));
  EXPECT_FALSE(run.services.cut_off) << "it failed by itself";
  EXPECT_FALSE(run.ending.note_failure(1, failure(failure_kind::cancelled, "stopped"), 0));
  EXPECT_TRUE(run.services.cut_off);
}

TEST(Ending, ACollectorOfResultsGetsTheFailureAsTheError) {
  parts run{{.traits = {.sees_failures = false}}};
  EXPECT_TRUE(run.ending.note_failure(5, failure(error("mine")), 1));
  EXPECT_TRUE(run.ending.note_failure(6, failure(error("later")), 1));
  EXPECT_EQ(text_of(run.ending.error()), "mine");
}

TEST(Ending, ACancelledItemIsNoFirstFailure) {
  parts run{{.traits = {.sees_failures = false}}};
  EXPECT_FALSE(run.ending.note_failure(1, failure(failure_kind::cancelled, "stopped"), 0));
  EXPECT_FALSE(run.ending.first_failure().has_value());
  EXPECT_EQ(run.ending.error(), nullptr);
}

TEST(Ending, TheRunIsOverWhenAllIsDelivered) {
  parts run;
  run.credits.take(1);
  run.credits.close();
  run.ending.check();
  EXPECT_FALSE(run.wakeups.is_over());
  run.credits.give_back(1);
  run.ending.check();
  EXPECT_TRUE(run.wakeups.is_over());
}

TEST(Ending, SpawnedItemsKeepTheRunGoing) {
  parts run{{.traits = {.may_spawn = true}}};
  auto& spawner = run.enter(0);
  auto& other = run.enter(1);
  spawner.spawned_ever.store(2);
  other.delivered_spawned.store(1);
  run.credits.close();
  run.ending.check();
  EXPECT_FALSE(run.wakeups.is_over());
  spawner.delivered_spawned.store(1);
  run.ending.check();
  EXPECT_TRUE(run.wakeups.is_over());
}

}  // namespace
