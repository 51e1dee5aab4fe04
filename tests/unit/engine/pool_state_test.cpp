// A pool's threads and its sentry, with runs that are nothing but what a pool knows of them.
#include "engine/pool_state.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "support/waiting.hpp"

namespace {

using parwork::detail::lendable;
using parwork::detail::pool_client;
using parwork::detail::pool_state;
using parwork::detail::searching;

/// Has nothing to do, and perhaps a wake-up that it has held back.
class idle_run final : public pool_client {
 public:
  explicit idle_run(pool_state& pool) : pool_(pool) { pool_.attach(*this); }
  ~idle_run() { leave(); }
  idle_run(const idle_run&) = delete;
  idle_run& operator=(const idle_run&) = delete;

  void leave() {
    if (is_attached_.exchange(false)) pool_.detach(*this);
  }

  std::atomic<bool> has_held_back = false;
  std::function<void()> when_notified = [] {};
  parwork_test::gate notified;

  bool help(unsigned, searching) noexcept override { return true; }
  bool is_there_work(unsigned) noexcept override { return false; }
  searching search_unless_others_do() noexcept override { return searching::no; }
  bool may_start_thread() const noexcept override { return false; }
  void set_lendable(lendable) noexcept override {}
  bool take_held_back() noexcept override { return has_held_back.exchange(false); }
  void notify() noexcept override {
    when_notified();
    notified.open();
  }

 private:
  pool_state& pool_;
  std::atomic<bool> is_attached_ = true;
};

TEST(PoolState, TheSentryNotifiesEveryRunThatHeldBackAWakeUp) {
  pool_state pool(1);
  idle_run first(pool);
  idle_run second(pool);
  first.has_held_back = true;
  second.has_held_back = true;
  ASSERT_TRUE(pool.watch());
  first.notified.wait();
  second.notified.wait();
}

// The places of the others change by that.
TEST(PoolState, ARunThatEndsMeanwhileDoesNotHideAnotherFromTheSentry) {
  pool_state pool(1);
  idle_run ending(pool);
  idle_run first(pool);
  idle_run second(pool);
  first.has_held_back = true;
  first.when_notified = [&] { ending.leave(); };
  second.has_held_back = true;
  ASSERT_TRUE(pool.watch());
  second.notified.wait();
}

TEST(PoolState, ARunStaysUntilTheSentryIsDoneWithIt) {
  pool_state pool(1);
  for (int i = 0; i < 20; ++i) {
    parwork_test::gate inside;
    std::atomic<bool> is_done = false;
    {
      idle_run run(pool);
      run.has_held_back = true;
      run.when_notified = [&] {
        inside.open();
        is_done = true;
      };
      ASSERT_TRUE(pool.watch());
      inside.wait();
    }
    EXPECT_TRUE(is_done);
  }
}

}  // namespace
