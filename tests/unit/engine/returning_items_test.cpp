// Items whose end does not come with their call, and items that work adds.
#include "engine/returning_items.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "engine/spawning.hpp"
#include "unit/engine/parts.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::detail::batch;
using parwork_test::items_of;
using parwork_test::parts;

TEST(ReturningItems, AnItemWithoutAWaitIsOfferedAtOnce) {
  parts run;
  auto& w = run.enter(0);
  batch* const lone = run.stock.get(w, 1);
  run.returning.put_to_wait(*lone);
  EXPECT_EQ(run.offered.take(), lone);
  run.stock.put(w, *lone);
}

TEST(ReturningItems, TheTimerBringsAnItemBack) {
  parts run;
  auto& w = run.enter(0);
  batch* const lone = run.stock.get(w, 1);
  lone->wait = 1ms;
  run.returning.put_to_wait(*lone);
  while (!run.offered.has_any()) std::this_thread::yield();
  EXPECT_EQ(run.offered.take(), lone);
  run.returning.wait_for_outsiders();
  run.stock.put(w, *lone);
}

TEST(ReturningItems, AStopOffersWhatWaits) {
  parts run;
  auto& w = run.enter(0);
  batch* const lone = run.stock.get(w, 1);
  lone->wait = 24h;
  run.returning.put_to_wait(*lone);
  EXPECT_FALSE(run.offered.has_any());
  ASSERT_TRUE(run.ending.stop());
  run.returning.release();
  EXPECT_EQ(run.offered.take(), lone);
  run.returning.put_to_wait(*lone);
  EXPECT_EQ(run.offered.take(), lone) << "a stopped run waits for nothing";
  run.stock.put(w, *lone);
}

TEST(ReturningItems, FinishedOnesComeOldestFirst) {
  parts run;
  auto& w = run.enter(0);
  batch* const one = run.stock.get(w, 1);
  batch* const two = run.stock.get(w, 1);
  EXPECT_EQ(run.returning.take_finished(), nullptr);
  run.returning.put_finished(*one);
  run.returning.put_finished(*two);
  EXPECT_TRUE(run.returning.has_finished());
  batch* const got = run.returning.take_finished();
  EXPECT_EQ(got, one);
  EXPECT_EQ(got->next, two);
  EXPECT_EQ(two->next, nullptr);
  EXPECT_FALSE(run.returning.has_finished());
  run.stock.put(w, *one);
  run.stock.put(w, *two);
}

TEST(Spawning, TheWorkerTakesItsNewestAndOthersTheOldest) {
  parts run{{.traits = {.may_spawn = true}}};
  auto& w = run.enter(0);
  auto& thief = run.enter(1);
  for (int child : {1, 2, 3}) run.spawning.add(w, typeid(int), &child);
  EXPECT_EQ(run.workers.spawned(), 3U);
  EXPECT_TRUE(run.spawning.is_there_work(1));
  batch* const newest = run.spawning.next_own(w).lone;
  batch* const oldest = run.spawning.next_of_others(thief).lone;
  ASSERT_NE(newest, nullptr);
  ASSERT_NE(oldest, nullptr);
  EXPECT_EQ(items_of(*newest)[0], 3);
  EXPECT_EQ(items_of(*oldest)[0], 1);
  EXPECT_EQ(oldest->first_index + 2, newest->first_index);
  batch* const last = run.spawning.next_own(w).lone;
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(run.spawning.next_own(w).lone, nullptr);
  EXPECT_FALSE(run.spawning.is_there_work(1));
  for (batch* const b : {newest, oldest, last}) run.stock.put(w, *b);
}

TEST(Spawning, WithoutMemoryNothingIsCounted) {
  parts run{{.traits = {.may_spawn = true}}};
  auto& w = run.enter(0);
  run.hooks.batches_left = 0;
  int child = 1;
  EXPECT_THROW(run.spawning.add(w, typeid(int), &child), std::bad_alloc);
  EXPECT_EQ(run.workers.spawned(), 0U);
}

TEST(Spawning, RefusesWhatCannotBe) {
  int child = 1;
  parts plain;
  EXPECT_THROW(plain.spawning.add(plain.enter(0), typeid(int), &child), std::logic_error);
  parts ordered{{.shape = {.workers = 1, .is_ordered = true}, .traits = {.may_spawn = true}}};
  EXPECT_THROW(ordered.spawning.add(ordered.enter(0), typeid(int), &child), std::logic_error);
  parts other{{.traits = {.may_spawn = true}}};
  EXPECT_THROW(other.spawning.add(other.enter(0), typeid(long), &child), std::logic_error);
}

}  // namespace
