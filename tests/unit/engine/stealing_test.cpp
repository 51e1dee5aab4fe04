// Taking what another worker has not started: the protocol on batches made by hand.
#include "engine/stealing.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "unit/engine/parts.hpp"

namespace {

using parwork::detail::batch;
using parwork::detail::stealing;
using parwork_test::items_of;
using parwork_test::parts;

std::vector<int> numbers(const batch& b, std::uint32_t from, std::uint32_t upto) {
  const auto& items = static_cast<const parwork_test::number_batch&>(b).items;
  return {items.begin() + from, items.begin() + upto};
}

class Stealing : public testing::Test {
 protected:
  parts run{{.shape = {.workers = 3, .is_ordered = true}}};
  parwork::detail::worker& thief = run.enter(0);
  parwork::detail::worker& victim = run.enter(1);

  void let_go(batch& b) {
    victim.current.store(nullptr);
    victim.pulling.store(nullptr);
    run.stock.put(victim, b);
  }
};

TEST_F(Stealing, TakesTheLaterHalfAndPutsItBehind) {
  batch& b = run.current_batch(victim, {0, 1, 2, 3, 4, 5});
  b.first_index = 10;
  b.claimed.store(2);
  batch* const mine = run.stealing.next(thief, stealing::victims::all);
  ASSERT_NE(mine, nullptr);
  EXPECT_EQ(b.limit.load(), 4U);
  EXPECT_EQ(mine->limit.load(), 2U);
  EXPECT_EQ(mine->first_index, 14U);
  EXPECT_EQ(numbers(*mine, 0, 2), (std::vector{4, 5}));
  EXPECT_EQ(b.window_next, mine);
  let_go(b);
  run.stock.put(thief, *mine);
}

TEST_F(Stealing, TakesTheOnlyItemThatIsLeft) {
  batch& b = run.current_batch(victim, {7, 8});
  b.claimed.store(1);
  batch* const mine = run.stealing.next(thief, stealing::victims::all);
  ASSERT_NE(mine, nullptr);
  EXPECT_EQ(numbers(*mine, 0, 1), std::vector{8});
  EXPECT_EQ(b.limit.load(), 1U);
  let_go(b);
  run.stock.put(thief, *mine);
}

TEST_F(Stealing, LeavesWhatHasBeenClaimed) {
  batch& b = run.current_batch(victim, {1, 2});
  b.claimed.store(2);
  EXPECT_FALSE(run.stealing.is_there_work(stealing::victims::all));
  EXPECT_EQ(run.stealing.next(thief, stealing::victims::all), nullptr);
  EXPECT_EQ(b.limit.load(), 2U);
  let_go(b);
}

TEST_F(Stealing, RobsOnlyCheapVictimsIfAsked) {
  batch& b = run.current_batch(victim, {1, 2, 3});
  victim.item_time = std::chrono::nanoseconds(1);
  victim.choose_barrier();
  if (victim.is_cheap_to_rob()) GTEST_SKIP() << "without membarrier all victims are cheap";
  EXPECT_EQ(run.stealing.next(thief, stealing::victims::cheap), nullptr);
  victim.item_time = std::chrono::milliseconds(1);
  victim.choose_barrier();
  batch* const mine = run.stealing.next(thief, stealing::victims::cheap);
  ASSERT_NE(mine, nullptr);
  let_go(b);
  run.stock.put(thief, *mine);
}

TEST_F(Stealing, AdmitsTheOlderHalfOfWhatIsBeingPulled) {
  batch& b = run.current_batch(victim, {1, 2, 3});
  victim.current.store(nullptr);
  victim.pulling.store(&b);
  batch* const mine = run.stealing.next(thief, stealing::victims::all);
  ASSERT_NE(mine, nullptr);
  EXPECT_EQ(numbers(*mine, 0, 2), (std::vector{1, 2}));
  EXPECT_EQ(b.start.load(), 2U);
  EXPECT_EQ(run.credits.produced(), 2U);
  EXPECT_EQ(run.window.head(), mine);
  run.window.pop();
  let_go(b);
  run.stock.put(thief, *mine);
}

TEST_F(Stealing, WithoutMemoryTakesNothing) {
  batch& b = run.current_batch(victim, {1, 2, 3});
  run.hooks.batches_left = 0;
  EXPECT_EQ(run.stealing.next(thief, stealing::victims::all), nullptr);
  EXPECT_EQ(b.limit.load(), 3U);
  let_go(b);
}

TEST_F(Stealing, SplitsOffWhatIsToBeDoneLater) {
  batch& b = run.current_batch(victim, {1, 2, 3, 4});
  batch* const rest = run.stealing.split_off(victim, b, 1, 4);
  ASSERT_NE(rest, nullptr);
  EXPECT_EQ(b.limit.load(), 1U);
  EXPECT_EQ(numbers(*rest, 0, 3), (std::vector{2, 3, 4}));
  let_go(b);
  run.stock.put(thief, *rest);
}

// An owner that claims from the front and a thief that takes from the back never get the same item,
// and none is lost.
TEST_F(Stealing, OwnerAndThiefShareABatchExactly) {
  constexpr int rounds = 300;
  constexpr std::uint32_t size = 64;
  for (int round = 0; round < rounds; ++round) {
    std::vector<int> all(size);
    for (std::uint32_t i = 0; i < size; ++i) all[i] = static_cast<int>(i);
    batch& b = run.current_batch(victim, all);
    std::vector<batch*> taken;
    std::atomic<bool> over{false};
    std::jthread other([&] {
      do {
        if (batch* const got = run.stealing.next(thief, stealing::victims::all)) {
          taken.push_back(got);
        }
      } while (!over.load());
    });
    std::vector<int> worked;
    for (std::uint32_t i = 0;; ++i) {
      parwork::detail::publish(b.claimed, i + 1, victim.barrier());
      if (i >= b.limit.load()) {
        const parwork::detail::owner_guard guard(victim.lock);
        if (i >= b.limit.load()) break;
      }
      worked.push_back(items_of(b)[i]);
    }
    {
      const parwork::detail::owner_guard guard(victim.lock);
      victim.current.store(nullptr);
    }
    over.store(true);
    other.join();
    std::multiset<int> seen(worked.begin(), worked.end());
    for (batch* const got : taken) {
      for (const int item : numbers(*got, 0, got->limit.load())) seen.insert(item);
      run.stock.put(thief, *got);
    }
    ASSERT_EQ(std::vector<int>(seen.begin(), seen.end()), all) << "round " << round;
    run.stock.put(victim, b);
  }
}

}  // namespace
