// Pausing and resuming a run, and what a control refuses. Resizing: resizing_test.cpp.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ranges>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/os_threads.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::options;
using parwork::ordering;
using parwork::pool;
using parwork::process;
using parwork::run_control;
using parwork::summary;

/// Resumes once something has been seen `least` times, and says so before.
class resumer {
 public:
  explicit resumer(run_control& control, std::uint64_t least = 1)
      : thread_([this, &control, least] {
          seen.wait_for(least);
          resumed_ = true;
          control.resume();
        }) {}
  ~resumer() { thread_.join(); }
  resumer(const resumer&) = delete;
  resumer& operator=(const resumer&) = delete;

  bool has_resumed() const { return resumed_; }

  tally seen;

 private:
  std::atomic<bool> resumed_{false};
  std::thread thread_;
};

struct pause_case {
  unsigned workers;
  ordering order;
};
class pausing : public testing::TestWithParam<pause_case> {
 protected:
  options with(run_control& control) const {
    return {.workers = GetParam().workers, .order = GetParam().order, .control = &control};
  }
};
INSTANTIATE_TEST_SUITE_P(all, pausing,
                         testing::Values(pause_case{1, ordering::completion},
                                         pause_case{1, ordering::input},
                                         pause_case{4, ordering::completion},
                                         pause_case{4, ordering::input}));

// Before the run

TEST_P(pausing, a_run_that_begins_paused_calls_nothing_before_it_is_resumed) {
  run_control control;
  control.pause();
  std::atomic<bool> resumed{false};
  std::thread later([&] {
    std::this_thread::yield();
    resumed = true;
    control.resume();
  });
  const summary run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        EXPECT_TRUE(resumed);
        return next < 100 ? std::optional(next++) : std::nullopt;
      },
      [&](int) { EXPECT_TRUE(resumed); }, [] {}, with(control));
  later.join();
  EXPECT_EQ(run.succeeded, 100u);
  EXPECT_LE(run.paused, run.wall);
  EXPECT_FALSE(control.is_paused());
}

TEST_P(pausing, a_run_with_a_control_that_nobody_uses_is_never_paused) {
  run_control control;
  const summary run =
      process(numbers(5000), [](int item) { return item; }, [](int) {}, with(control));
  EXPECT_EQ(run.succeeded, 5000u);
  EXPECT_EQ(run.paused.count(), 0);
}

// During the run: with one worker it is known which item comes behind the pause

TEST(run_control, what_is_finished_is_collected_and_nothing_else_is_started) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    run_control control;
    resumer then(control);
    const summary run = process(
        numbers(300),
        [&](int item) {
          if (item == 100) control.pause();
          if (item > 100) {
            EXPECT_TRUE(then.has_resumed());
          }
          return item;
        },
        [&](int item) {
          if (item == 100) then.seen.add();
        },
        {.workers = 1, .order = order, .control = &control});
    EXPECT_EQ(run.succeeded, 300u);
    EXPECT_GT(run.paused.count(), 0);
  }
}

/// The generator pauses its run half-way: nobody calls it before somebody resumes that.
void expect_no_pull(options with) {
  run_control control;
  resumer then(control);
  with.control = &control;
  const summary run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        if (next > 50) {
          EXPECT_TRUE(then.has_resumed());
        }
        if (next == 50) {
          control.pause();
          then.seen.add();
        }
        return next < 100 ? std::optional(next++) : std::nullopt;
      },
      [](int) {}, [] {}, with);
  EXPECT_EQ(run.succeeded, 100u);
}

TEST(run_control, nothing_is_pulled) { expect_no_pull({.workers = 1}); }

TEST(run_control, nor_by_a_generators_own_thread) {
  expect_no_pull({.workers = 2,
                  .generator_runs_on = parwork::runs_on::own_thread,
                  .collector_runs_on = parwork::runs_on::own_thread});
}

TEST(run_control, nor_by_the_caller_who_has_both_parts) {
  expect_no_pull({.workers = 3,
                  .generator_runs_on = parwork::runs_on::caller,
                  .collector_runs_on = parwork::runs_on::caller});
}

TEST(run_control, nothing_is_retried) {
  for (const auto wait : {std::chrono::nanoseconds(0), std::chrono::nanoseconds(1)}) {
    for (const int failing : {0, 70}) {
      run_control control;
      resumer then(control);
      const summary run = process(
          numbers(100),
          [&](int item, parwork::context& about) {
            if (item != failing) return;
            if (about.attempt() > 1) {
              EXPECT_TRUE(then.has_resumed());
              return;
            }
            control.pause();
            then.seen.add();
            throw std::runtime_error("once more");
          },
          [] {},
          {.workers = 1, .retry = {.max_attempts = 2, .backoff = wait}, .control = &control});
      EXPECT_EQ(run.succeeded, 100u);
      EXPECT_EQ(run.retries, 1u);
    }
  }
}

TEST(run_control, pauses_slices_that_are_folded) {
  run_control control;
  resumer then(control);
  const std::vector<int> all(20'000, 1);
  std::atomic<int> worked{0};
  auto sum = parwork::reduce(0, std::plus<>(), std::plus<>());
  const summary run = process(parwork::split(all),
                              [&](int item) {
                                const int before = worked++;
                                if (before == 3000) {
                                  control.pause();
                                  then.seen.add();
                                }
                                if (before > 3000) {
                                  EXPECT_TRUE(then.has_resumed());
                                }
                                return item;
                              },
                              sum, {.workers = 1, .control = &control});
  EXPECT_EQ(run.succeeded, all.size());
  EXPECT_EQ(sum.value(), 20'000);
}

TEST(run_control, pauses_spawned_items_that_are_folded) {
  run_control control;
  resumer then(control);
  std::atomic<int> worked{0};
  auto sum = parwork::reduce(0, std::plus<>(), std::plus<>());
  const summary run = process(std::views::single(12),
                              [&](int depth, parwork::context& about) {
                                const int before = worked++;
                                if (before == 1000) {
                                  control.pause();
                                  then.seen.add();
                                }
                                if (before > 1000) {
                                  EXPECT_TRUE(then.has_resumed());
                                }
                                if (depth > 0) {
                                  about.spawn(depth - 1);
                                  about.spawn(depth - 1);
                                }
                                return 1;
                              },
                              sum, {.workers = 1, .control = &control});
  EXPECT_EQ(run.succeeded, 8191u);
  EXPECT_EQ(sum.value(), 8191);
}

TEST(run_control, pauses_spawned_items) {
  run_control control;
  resumer then(control);
  std::atomic<int> worked{0};
  const summary run = process(
      std::views::single(10),
      [&](int depth, parwork::context& about) {
        const int before = worked++;
        if (before == 500) {
          control.pause();
          then.seen.add();
        }
        if (before > 500) {
          EXPECT_TRUE(then.has_resumed());
        }
        if (depth > 0) {
          about.spawn(depth - 1);
          about.spawn(depth - 1);
        }
      },
      [] {}, {.workers = 1, .control = &control});
  EXPECT_EQ(run.succeeded, 2047u);
}

TEST(run_control, pauses_spans) {
  run_control control;
  resumer then(control);
  int spans = 0;
  const summary run = process(numbers(100),
                              parwork::batched(
                                  [&](std::span<int> items) {
                                    if (spans++ == 3) {
                                      control.pause();
                                      then.seen.add();
                                    } else if (spans > 4) {
                                      EXPECT_TRUE(then.has_resumed());
                                    }
                                    return std::vector<int>(items.begin(), items.end());
                                  },
                                  7),
                              [](int) {}, {.workers = 1, .control = &control});
  EXPECT_EQ(run.succeeded, 100u);
}

TEST(run_control, what_ends_asynchronously_is_collected_during_the_pause) {
  for (const unsigned workers : {1u, 3u}) {
    run_control control;
    resumer then(control);
    std::thread ending;
    const summary run = process(
        numbers(20),
        [&](int item, parwork::completer<int> done) {
          if (item != 0) return std::move(done).succeed(item);
          control.pause();
          ending = std::thread([held = std::move(done)]() mutable { std::move(held).succeed(0); });
        },
        [&](int item) {
          if (item == 0) then.seen.add();
        },
        {.workers = workers, .control = &control});
    ending.join();
    EXPECT_EQ(run.succeeded, 20u);
  }
}

TEST_P(pausing, may_be_paused_and_resumed_again_and_again) {
  run_control control;
  std::atomic<bool> over{false};
  std::thread often([&] {
    while (!over) {
      control.pause();
      std::this_thread::yield();
      control.resume();
    }
  });
  std::uint64_t collected = 0;
  const summary run = process(
      numbers(20'000), [](int item) { return item; }, [&](int) { ++collected; }, with(control));
  over = true;
  often.join();
  EXPECT_EQ(run.succeeded, 20'000u);
  EXPECT_EQ(collected, 20'000u);
  EXPECT_LE(run.work_share + run.generator_share + run.collector_share, 1.0001);
}

TEST_P(pausing, work_of_a_paused_run_may_have_a_run_of_its_own) {
  run_control control;
  resumer then(control);
  const summary run = process(
      numbers(50),
      [&](int item) {
        if (item != 10) return;
        control.pause();
        const summary inner = process(numbers(100), [](int) {}, [] {});
        EXPECT_EQ(inner.succeeded, 100u);
        then.seen.add();
      },
      [] {}, with(control));
  EXPECT_EQ(run.succeeded, 50u);
}

TEST(run_control, threads_of_a_paused_run_sleep) {
  const auto is_asleep = [](const std::filesystem::path& thread) {
    std::ifstream stat(thread / "stat");
    std::string line;
    std::getline(stat, line);
    const auto state = line.rfind(')') + 2;
    return line.empty() || line.size() <= state || line[state] == 'S';
  };
  run_control control;
  control.pause();
  pool own(2);
  std::thread running([&] {
    const summary run = process(
        numbers(100), [](int) {}, [] {}, {.workers = 5, .run_on = &own, .control = &control});
    EXPECT_EQ(run.succeeded, 100u);
  });
  const std::string self = std::to_string(os_thread_id());
  for (bool all = false; !all;) {
    all = true;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
      if (each.path().filename() != self) all = all && is_asleep(each.path());
    }
  }
  control.resume();
  running.join();
}

// Stops

TEST_P(pausing, a_stop_ends_the_pause) {
  run_control control;
  std::stop_source stop;
  std::uint64_t cancelled = 0;
  const summary run = process(
      numbers(1000),
      [&](int item) {
        if (item != 5) return;
        control.pause();
        EXPECT_TRUE(control.is_paused());
        stop.request_stop();
        EXPECT_FALSE(control.is_paused());
        control.pause();
        EXPECT_FALSE(control.is_paused()) << "a run that is stopping cannot be paused";
      },
      [&](completion<int, void> done) { cancelled += done.result.has_value() ? 0 : 1; },
      {.workers = GetParam().workers,
       .order = GetParam().order,
       .stop = stop.get_token(),
       .control = &control});
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(run.cancelled, cancelled);
  EXPECT_EQ(run.produced, run.succeeded + run.cancelled);
  EXPECT_FALSE(control.is_paused());
}

TEST_P(pausing, so_does_a_collector_that_throws) {
  run_control control;
  EXPECT_THROW(static_cast<void>(process(
                   numbers(1000), [](int item) { return item; },
                   [&](int) {
                     control.pause();
                     throw std::runtime_error("full");
                   },
                   with(control))),
               std::runtime_error);
}

TEST_P(pausing, a_stop_before_the_run_ends_a_pause_before_it) {
  run_control control;
  control.pause();
  std::stop_source stop;
  stop.request_stop();
  const summary run = process(
      numbers(10), [](int) {}, [] {},
      {.workers = GetParam().workers,
       .order = GetParam().order,
       .stop = stop.get_token(),
       .control = &control});
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(run.succeeded, 0u);
}

// Misuse

TEST(run_control, numbers_of_workers_out_of_range_are_refused) {
  run_control control;
  for (const unsigned bad : {0u, parwork::max_workers + 1}) {
    try {
      control.set_workers(bad);
      FAIL() << bad;
    } catch (const std::invalid_argument& why) {
      EXPECT_TRUE(
          std::string(why.what())
              .contains("parwork: run_control::set_workers was given " + std::to_string(bad)));
    }
  }
  control.set_workers(parwork::max_workers);
}

TEST(run_control, two_runs_at_once_are_refused) {
  run_control control;
  const auto again = [&] {
    return process(numbers(1), [](int) {}, [] {}, {.control = &control}).succeeded;
  };
  const summary run = process(
      numbers(1), [&](int) { EXPECT_THROW(again(), std::logic_error); }, [] {},
      {.control = &control});
  EXPECT_EQ(run.succeeded, 1u);
  EXPECT_EQ(again(), 1u) << "one after the other";
}

TEST(run_control, a_run_that_is_refused_leaves_it_free) {
  run_control control;
  parwork::recorder record;
  EXPECT_THROW(process(
                   numbers(1), [](int) {}, [] {},
                   {.workers = parwork::max_workers + 1, .control = &control}),
               std::invalid_argument);
  EXPECT_EQ(process(numbers(1), [](int) {}, [] {}, {.control = &control}).succeeded, 1u);
}

TEST(run_control, goes_on_from_one_run_to_the_next) {
  run_control control;
  EXPECT_FALSE(control.is_paused());
  control.pause();
  control.pause();
  EXPECT_TRUE(control.is_paused());
  control.resume();
  control.resume();
  EXPECT_FALSE(control.is_paused());
}

}  // namespace
