// Sleeping and waking, with a question that the test answers and threads of its own.
#include "engine/wakeups.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/waiting.hpp"
#include "unit/engine/parts.hpp"

namespace {

using parwork::detail::searching;
using parwork_test::parts;

void wait_until_asleep(const parts& run) {
  while (!run.wakeups.is_anybody_free()) std::this_thread::yield();
}

TEST(Wakeups, AWorkerThatFindsSomethingInItsLastSearchDoesNotSleep) {
  parts run;
  auto& w = run.enter(1);
  run.is_there_work = [](unsigned) { return true; };
  run.wakeups.sleep(w);  // returns
  EXPECT_EQ(w.search, searching::yes) << "nobody else searches, so it does";
  EXPECT_FALSE(run.wakeups.is_anybody_free());
  run.wakeups.give_up(w);
}

TEST(Wakeups, NotifyWakesOneSleeperWhichSearches) {
  parts run;
  auto& w = run.enter(1);
  std::atomic<bool> is_there{false};
  run.is_there_work = [&](unsigned) { return is_there.load(); };
  std::jthread sleeper([&] { run.wakeups.sleep(w); });
  wait_until_asleep(run);
  is_there.store(true);
  run.wakeups.notify();
  sleeper.join();
  EXPECT_EQ(w.search, searching::yes);
  EXPECT_EQ(run.wakeups.search_unless_others_do(), searching::no);
  run.wakeups.give_up(w);
}

TEST(Wakeups, WhileOneSearchesNobodyElseIsWoken) {
  parts run;
  auto& first = run.enter(1);
  run.is_there_work = [](unsigned) { return false; };
  ASSERT_EQ(run.wakeups.search_unless_others_do(), searching::yes);
  std::jthread sleeper([&] { run.wakeups.sleep(first); });
  wait_until_asleep(run);
  run.wakeups.notify();
  EXPECT_TRUE(run.wakeups.is_anybody_free()) << "it is asleep still";
  run.wakeups.end();
  sleeper.join();
}

TEST(Wakeups, WhoFoundWorkWakesTheNextIfThereIsMore) {
  parts run;
  auto& sleeping = run.enter(1);
  auto& w = run.enter(2);
  std::atomic<bool> is_there{false};
  run.is_there_work = [&](unsigned) { return is_there.load(); };
  std::jthread sleeper([&] { run.wakeups.sleep(sleeping); });
  wait_until_asleep(run);
  w.search = run.wakeups.search_unless_others_do();
  is_there.store(true);
  run.wakeups.found_work(w);
  sleeper.join();
  EXPECT_EQ(w.search, searching::no);
  EXPECT_EQ(sleeping.search, searching::yes);
  run.wakeups.give_up(sleeping);
}

TEST(Wakeups, TheEndWakesEverybody) {
  parts run;
  auto& one = run.enter(1);
  auto& two = run.enter(2);
  std::jthread first([&] { run.wakeups.sleep(one); });
  std::jthread second([&] { run.wakeups.sleep(two); });
  run.wakeups.end();
  first.join();
  second.join();
  EXPECT_TRUE(run.wakeups.is_over());
  EXPECT_FALSE(run.wakeups.is_anybody_free());
}

TEST(Wakeups, StartsAThreadOfItsOwnIfNobodySleeps) {
  parts run;
  parwork_test::tally came;
  run.take_part = [&](unsigned number) {
    EXPECT_EQ(number, 2U);
    came.add();
  };
  run.wakeups.allow_own_threads(2, 1);
  run.services.attention.fetch_or(parwork::detail::attention_lendable);
  run.wakeups.notify();
  came.wait_for(1);
  EXPECT_FALSE(run.wakeups.may_start_thread());
  run.wakeups.join_own_threads();
}

TEST(Wakeups, HoldsBackForAShortItemAndTellsTheSentry) {
  parts run;
  auto& w = run.enter(0);
  std::atomic<int> asked{0};
  run.is_there_work = [&](unsigned) { return ++asked > 0; };
  w.item_time = std::chrono::nanoseconds(10);
  run.wakeups.notify_in_time(w, w.turned_at);
  EXPECT_EQ(run.wakeups.search_unless_others_do(), searching::yes) << "nobody was woken";
  EXPECT_TRUE(run.wakeups.take_held_back());
  EXPECT_FALSE(run.wakeups.take_held_back()) << "once";
}

// Makers and a sleeper, many times: a wake-up that is lost hangs.
TEST(Wakeups, NoWakeUpIsLost) {
  constexpr int things = 2000;
  parts run;
  auto& w = run.enter(1);
  std::atomic<int> there{0};
  run.is_there_work = [&](unsigned) { return there.load() > 0; };
  std::jthread taker([&] {
    for (int taken = 0; taken < things;) {
      if (there.load() > 0) {
        --there;
        ++taken;
        run.wakeups.found_work(w);
      } else {
        run.wakeups.sleep(w);
      }
    }
    run.wakeups.give_up(w);
  });
  for (int i = 0; i < things; ++i) {
    ++there;
    run.wakeups.notify();
    if (i % 3 == 0) std::this_thread::yield();
  }
  taker.join();
  EXPECT_EQ(there.load(), 0);
}

}  // namespace
