// The timer: what is due is fired, and what blocks in `fire` holds up nobody else.
#include "engine/timer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

namespace {

using namespace std::chrono_literals;
using parwork::detail::timer;
using parwork::detail::timer_entry;
using steady = std::chrono::steady_clock;

// Says that it is being fired, and waits until it is let go.
class blocking_entry final : public timer_entry {
 public:
  blocking_entry() : timer_entry(calls::users) {}
  void fire() noexcept override {
    began.count_down();
    may_end.wait();
    has_ended = true;
  }

  std::latch began{1};
  std::latch may_end{1};
  std::atomic<bool> has_ended = false;
};

class counting_entry final : public timer_entry {
 public:
  explicit counting_entry(calls whose = calls::ours) : timer_entry(whose) {}
  void fire() noexcept override {
    ++fired;
    fired.notify_all();
  }
  void wait() const { fired.wait(0); }

  std::atomic<int> fired = 0;
};

TEST(timer, fires_what_is_due) {
  timer timers;
  timers.start();
  counting_entry ours;
  counting_entry users(timer_entry::calls::users);
  const auto due = steady::now() + 1ms;
  timers.schedule(ours, due);
  timers.schedule(users, due);
  ours.wait();
  users.wait();
  EXPECT_GE(steady::now(), due);
  EXPECT_FALSE(timers.cancel(ours));
  EXPECT_FALSE(timers.cancel(users));
}

TEST(timer, does_not_fire_what_was_cancelled) {
  counting_entry never;
  {
    timer timers;
    timers.start();
    timers.schedule(never, steady::now() + 1h);
    EXPECT_TRUE(timers.cancel(never));
    EXPECT_FALSE(timers.cancel(never));
  }
  EXPECT_EQ(never.fired, 0);
}

TEST(timer, lets_what_blocks_hold_up_nobody) {
  timer timers;
  timers.start();
  blocking_entry first;
  blocking_entry second;
  timers.schedule(first, steady::now());
  first.began.wait();
  timers.schedule(second, steady::now());
  second.began.wait();
  counting_entry third;
  timers.schedule(third, steady::now());
  third.wait();
  second.may_end.count_down();
  first.may_end.count_down();
  timers.cancel(first);
  timers.cancel(second);
  EXPECT_TRUE(first.has_ended && second.has_ended);
}

TEST(timer, waits_in_cancel_for_the_end_of_what_is_being_fired) {
  timer timers;
  timers.start();
  for (int round = 0; round < 100; ++round) {
    blocking_entry entry;
    timers.schedule(entry, steady::now());
    entry.began.wait();
    std::jthread other([&] { entry.may_end.count_down(); });
    EXPECT_FALSE(timers.cancel(entry));
    EXPECT_TRUE(entry.has_ended);
  }
}

// An entry that is gone when its `fire` returns.
class own_end final : public timer_entry {
 public:
  own_end(timer& timers, std::latch& over)
      : timer_entry(calls::users), timers_(timers), over_(over) {}
  ~own_end() override {
    EXPECT_FALSE(timers_.cancel(*this));
    over_.count_down();
  }
  void fire() noexcept override { delete this; }

 private:
  timer& timers_;
  std::latch& over_;
};

TEST(timer, lets_an_entry_end_itself) {
  timer timers;
  timers.start();
  std::latch over(20);
  for (int i = 0; i < 20; ++i) timers.schedule(*new own_end(timers, over), steady::now());
  over.wait();
}

TEST(timer, ends_after_what_it_is_firing) {
  blocking_entry entry;
  std::jthread other;
  {
    timer timers;
    timers.start();
    timers.schedule(entry, steady::now());
    entry.began.wait();
    other = std::jthread([&] { entry.may_end.count_down(); });
  }
  EXPECT_TRUE(entry.has_ended);
}

}  // namespace
