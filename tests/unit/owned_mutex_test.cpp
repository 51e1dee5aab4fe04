// The owner's mutex, and the clock that is read so often.
#include "parwork/detail/owned_mutex.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/tick_clock.hpp"
#include "engine/alarm.hpp"

namespace {

using namespace parwork::detail;
using namespace std::chrono_literals;

// Owner and visitors change the same plain numbers: one that got in beside another loses steps.
void count_together(barrier_kind first, barrier_kind second) {
  constexpr std::uint64_t visits = 2000;
  constexpr int visitors = 3;
  std::atomic<barrier_kind> kind{first};
  owned_mutex lock(kind);
  std::uint64_t here = 0;
  std::uint64_t there = 0;
  std::atomic<int> left = visitors;
  std::vector<std::thread> others;
  for (int i = 0; i < visitors; ++i) {
    others.emplace_back([&] {
      for (std::uint64_t k = 0; k < visits; ++k) {
        const visitor_guard guard(lock);
        ++here;
        ++there;
        if (here != there) ADD_FAILURE() << "two at once";
      }
      --left;
    });
  }
  std::uint64_t own = 0;
  for (; left > 0; ++own) {
    if (own % 1000 == 0) kind.store(own % 2000 == 0 ? first : second);
    const owner_guard guard(lock);
    ++here;
    ++there;
    if (here != there) ADD_FAILURE() << "two at once";
  }
  for (auto& each : others) each.join();
  EXPECT_EQ(here, own + visitors * visits);
  EXPECT_EQ(there, here);
}

TEST(owned_mutex, keeps_visitors_and_owner_apart) {
  count_together(available_barrier(), available_barrier());
}
TEST(owned_mutex, keeps_them_apart_where_the_owner_pays) {
  count_together(barrier_kind::symmetric, barrier_kind::symmetric);
}
TEST(owned_mutex, keeps_them_apart_while_the_kind_changes) {
  count_together(available_barrier(), barrier_kind::symmetric);
}

TEST(tick_clock, agrees_with_the_steady_clock) {
  tick_clock::calibrate();
  const auto ticks = tick_clock::now();
  const auto time = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(50ms);
  const auto by_ticks = tick_clock::now() - ticks;
  const auto by_time = std::chrono::steady_clock::now() - time;
  // Readings lie apart by as long as this thread loses its core between them; the rate is what this
  // is about, and a wrong one is off by far more.
  const double ratio = std::chrono::duration<double>(by_ticks) / by_time;
  EXPECT_GT(ratio, 0.5);
  EXPECT_LT(ratio, 2.0);
}

TEST(alarm_clock, waits_for_the_time_and_no_longer) {
  alarm_clock alarm;
  const auto when = std::chrono::steady_clock::now() + 20ms;
  alarm.set(when);
  while (std::chrono::steady_clock::now() < when) alarm.wait();
}

TEST(alarm_clock, an_earlier_time_counts_at_once) {
  alarm_clock alarm;
  alarm.set(std::chrono::steady_clock::now() + 1h);
  std::atomic<bool> is_due = false;
  std::thread sleeper([&] {
    while (!is_due) alarm.wait();  // for an hour, if what is set below does not count
  });
  std::this_thread::sleep_for(5ms);
  is_due = true;
  alarm.set(std::chrono::steady_clock::now());
  sleeper.join();
}

TEST(alarm_clock, a_time_that_is_past_does_not_wait) {
  alarm_clock alarm;
  alarm.set(std::chrono::steady_clock::time_point{});
  alarm.wait();
}

}  // namespace
