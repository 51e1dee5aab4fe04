// fork: what a child may do with what its parent had.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::context;
using parwork::failure_kind;
using parwork::pool;
using parwork::process;

parwork::pool pool_of_everybody(2);  // its destructor runs in children, too

// What a child says by its status, beside 0: a sanitizer would say others.
constexpr int expected = 42;

// By exit, with destructors of static objects. A leak checker would miss what the parent's threads
// own: they are not here.
[[noreturn]] void end_child(int status) {
#ifdef __SANITIZE_ADDRESS__
  _exit(status);
#else
  std::exit(status);
#endif
}

// Runs `what` in a child, which ends with what that returns. Returns the child's status.
template <class What>
int in_child(const What& what) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int status = 1;
    try {
      status = what();
    } catch (...) {
    }
    end_child(status);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

std::uint64_t run_some(parwork::options options = {}) {
  std::uint64_t sum = 0;
  const auto run = process(
      numbers(1000), [](int item) { return item; },
      [&](int result) { sum += static_cast<std::uint64_t>(result); }, std::move(options));
  EXPECT_EQ(run.succeeded, 1000U);
  return sum;
}
constexpr std::uint64_t sum_of_some = 499'500;

class fork_test : public testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer refuses to start threads behind a fork";
#endif
    ASSERT_EQ(run_some(), sum_of_some);
    ASSERT_EQ(run_some({.workers = 3, .run_on = &pool_of_everybody}), sum_of_some);
  }
};

TEST_F(fork_test, a_child_that_never_calls_ends_normally) {
  EXPECT_EQ(in_child([] { return expected; }), expected);
}

TEST_F(fork_test, the_default_pool_starts_anew_in_a_child) {
  EXPECT_EQ(in_child([] { return run_some({.workers = 4}) == sum_of_some ? expected : 1; }),
            expected);
}

TEST_F(fork_test, and_in_the_childs_child) {
  const auto child = [] { return run_some() == sum_of_some ? expected : 1; };
  EXPECT_EQ(in_child([&] { return run_some() == sum_of_some ? in_child(child) : 2; }), expected);
}

TEST_F(fork_test, a_pool_of_the_parent_is_refused_with_a_sentence) {
  EXPECT_EQ(in_child([] {
              try {
                run_some({.run_on = &pool_of_everybody});
              } catch (const std::logic_error& why) {
                return std::string(why.what()).contains("pool of the parent process") ? expected
                                                                                      : 2;
              }
              return 3;
            }),
            expected);
}

TEST_F(fork_test, so_is_its_default_pool_by_a_reference_of_then) {
  pool& then = parwork::default_pool();
  EXPECT_EQ(in_child([&] {
              run_some();
              try {
                run_some({.run_on = &then});
              } catch (const std::logic_error&) {
                return &parwork::default_pool() != &then ? expected : 2;
              }
              return 3;
            }),
            expected);
}

TEST_F(fork_test, a_pool_of_the_parent_can_be_destroyed) {
  auto dynamic = std::make_unique<pool>(2);
  ASSERT_EQ(run_some({.run_on = dynamic.get()}), sum_of_some);
  EXPECT_EQ(in_child([&] {
              dynamic.reset();
              return expected;
            }),
            expected);
  EXPECT_EQ(run_some({.run_on = dynamic.get()}), sum_of_some);
}

TEST_F(fork_test, a_loop_over_a_run_of_the_parent_is_left_in_a_child) {
  auto all = parwork::results(std::views::iota(0), [](int item) { return item; }, {.workers = 3});
  auto place = all.begin();
  EXPECT_EQ(in_child([&] {
              try {
                ++place;
                return 2;
              } catch (const std::logic_error&) {
              }
              try {
                static_cast<void>(all.summary());
                return 3;
              } catch (const std::logic_error&) {
              }
              const auto gone = std::move(all);
              return expected;
            }),
            expected);
  ++place;
  EXPECT_TRUE(all.summary().stopped);
}

TEST_F(fork_test, a_run_is_started_in_a_child) {
  EXPECT_EQ(in_child([] {
              std::atomic<int> sum = 0;
              auto run = parwork::start(
                  std::views::iota(0, 1000), [](int item) { return item; },
                  [&](int result) { sum += result; }, {.workers = 3});
              run.control().pause();
              run.control().resume();
              return run.wait().succeeded == 1000 && sum == 499'500 ? expected : 2;
            }),
            expected);
}

TEST_F(fork_test, a_paused_run_of_a_child_that_is_dropped_ends) {
  EXPECT_EQ(in_child([] {
              {
                auto run = parwork::start(
                    std::views::iota(0), [](int item) { return item; }, [](int) {}, {.workers = 3});
                run.control().pause();
              }
              return expected;
            }),
            expected);
}

TEST_F(fork_test, a_started_run_of_the_parent_is_left_in_a_child) {
  auto run = parwork::start(
      std::views::iota(0), [](int item) { return item; }, [](int) {}, {.workers = 3});
  EXPECT_EQ(in_child([&] {
              try {
                static_cast<void>(run.wait());
                return 2;
              } catch (const std::logic_error&) {
              }
              const auto gone = std::move(run);
              return run_some() == sum_of_some ? expected : 3;
            }),
            expected);
  run.request_stop();
  EXPECT_TRUE(run.wait().stopped);
}

TEST_F(fork_test, backoff_and_deadlines_work_in_a_child) {
  EXPECT_EQ(in_child([] {
              std::atomic<int> attempts = 0;
              const auto run = process(
                  numbers(3),
                  [&](int item, context& ctx) {
                    ++attempts;
                    if (item == 0) wait_for_stop(ctx.stop_token());
                    if (item == 1) throw std::runtime_error("again");
                  },
                  [](completion<int, void>) {},
                  {.retry = {.max_attempts = 3, .backoff = 1ms}, .timeout = 5ms});
              return run.succeeded == 1 && attempts == 7 ? expected : 2;
            }),
            expected);
}

TEST_F(fork_test, work_may_fork_and_its_child_may_call) {
  std::atomic<int> right = 0;
  const auto run = process(
      numbers(4),
      [&](int) {
        if (in_child([] { return run_some() == sum_of_some ? expected : 1; }) == expected) ++right;
      },
      [](completion<int, void>) {}, {.workers = 3});
  EXPECT_EQ(run.succeeded, 4U);
  EXPECT_EQ(right, 4);
}

TEST_F(fork_test, the_parent_goes_on) {
  EXPECT_EQ(in_child([] { return run_some() == sum_of_some ? expected : 1; }), expected);
  EXPECT_EQ(run_some({.workers = 3, .run_on = &pool_of_everybody}), sum_of_some);
  EXPECT_EQ(run_some({.workers = 4}), sum_of_some);
}

}  // namespace
