// Runs that go on while their caller does something else.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::ordering;
using parwork::summary;

TEST(start, returns_while_the_run_goes_on) {
  gate opened;
  std::vector<int> seen;
  parwork::running run = parwork::start(numbers(100),
                                        [&](int item) {
                                          opened.wait();
                                          return item;
                                        },
                                        parwork::into(seen), {.order = ordering::input});
  EXPECT_FALSE(run.done());
  EXPECT_EQ(run.get_progress().collected, 0u);
  opened.open();
  const summary ended = run.wait();
  EXPECT_EQ(ended.succeeded, 100u);
  EXPECT_TRUE(run.done());
  EXPECT_EQ(run.get_progress().collected, 100u);
}

TEST(start, keeps_its_parts_as_a_thread_does) {
  auto held = std::make_unique<int>(7);
  std::atomic<int> sum{0};
  const std::vector<int> copied{1, 2, 3};
  std::optional<parwork::running> run;
  {
    const auto work = [held = std::move(held)](const int& item) { return item * *held; };
    struct collector {
      std::atomic<int>& sum;
      void operator()(int result) const { sum += result; }
    };
    std::vector<int> gone = copied;
    run.emplace(parwork::start(std::move(gone), std::ref(work), collector{sum}));
    EXPECT_EQ(run->wait().succeeded, 3u);
  }
  EXPECT_EQ(sum, 42);
  EXPECT_EQ(parwork::start(copied, [](int) {}, [] {}).wait().succeeded, 3u);
}

TEST(start, refers_to_ranges_and_reductions) {
  const std::vector<int> all(1000, 2);
  auto sum = parwork::reduce(0, std::plus<>(), std::plus<>());
  EXPECT_EQ(parwork::start(
                std::ref(all), [](int item) { return item; }, std::ref(sum))
                .wait()
                .succeeded,
            1000u);
  EXPECT_EQ(sum.value(), 2000);
  EXPECT_EQ(parwork::start(
                parwork::split(all), [](int item) { return item; }, std::ref(sum))
                .wait()
                .succeeded,
            1000u);
  EXPECT_EQ(sum.value(), 2000);
}

TEST(start, the_calling_thread_is_no_worker) {
  const auto caller = std::this_thread::get_id();
  for (const auto on : {parwork::runs_on::caller, parwork::runs_on::workers}) {
    std::atomic<int> here{0};
    const auto note = [&here, caller] { here += std::this_thread::get_id() == caller ? 1 : 0; };
    const summary run = parwork::start(
                            [note, next = 0]() mutable -> std::optional<int> {
                              note();
                              return next < 50 ? std::optional(next++) : std::nullopt;
                            },
                            [note](int) { note(); }, [note] { note(); },
                            {.workers = 2, .generator_runs_on = on, .collector_runs_on = on})
                            .wait();
    EXPECT_EQ(run.succeeded, 50u);
    EXPECT_EQ(here, 0);
  }
}

TEST(start, what_the_run_throws_leaves_wait) {
  parwork::running run =
      parwork::start(numbers(10), [](int) {}, [] { throw std::runtime_error("full"); });
  EXPECT_THROW(run.wait(), std::runtime_error);
}

TEST(start, bad_options_are_refused_at_once) {
  EXPECT_THROW(static_cast<void>(parwork::start(
                   numbers(1), [](int) {}, [] {}, {.workers = parwork::max_workers + 1})),
               std::invalid_argument);
  const std::function<void(int)> null;
  EXPECT_THROW(static_cast<void>(parwork::start(numbers(1), null, [] {})), std::invalid_argument);
}

TEST(start, waiting_twice_is_refused) {
  parwork::running run = parwork::start(numbers(1), [](int) {}, [] {});
  EXPECT_EQ(run.wait().succeeded, 1u);
  EXPECT_THROW(run.wait(), std::logic_error);
  parwork::running moved = std::move(run);
  EXPECT_THROW(moved.wait(), std::logic_error);
  EXPECT_THROW(run.wait(), std::logic_error);  // NOLINT(bugprone-use-after-move)
}

TEST(start, one_control_for_two_runs_is_refused) {
  parwork::run_control control;
  gate opened;
  parwork::running run =
      parwork::start(numbers(1), [&](int) { opened.wait(); }, [] {}, {.control = &control});
  EXPECT_EQ(&run.control(), &control);
  EXPECT_THROW(static_cast<void>(parwork::start(
                   numbers(1), [](int) {}, [] {}, {.control = &control})),
               std::logic_error);
  opened.open();
  run.wait();
  EXPECT_EQ(
      parwork::start(numbers(1), [](int) {}, [] {}, {.control = &control}).wait().succeeded, 1u);
}

TEST(start, a_stop_ends_it) {
  std::stop_source outer;
  for (const bool from_outside : {false, true}) {
    parwork::running run =
        parwork::start([next = 0]() mutable -> std::optional<int> { return next++; },
                       [](int, parwork::context&) {}, [] {}, {.stop = outer.get_token()});
    if (from_outside) {
      outer.request_stop();
    } else {
      run.request_stop();
    }
    EXPECT_TRUE(run.wait().stopped);
  }
}

TEST(start, destroyed_without_wait_it_stops_and_waits) {
  std::atomic<int> inside{0};
  for (const bool throws : {false, true}) {
    tally begun;
    {
      const parwork::running run =
          parwork::start([next = 0]() mutable -> std::optional<int> { return next++; },
                         [&](int) {
                           ++inside;
                           begun.add();
                           --inside;
                         },
                         [throws] {
                           if (throws) throw std::runtime_error("dropped");
                         });
      begun.wait_for(1);
    }
    EXPECT_EQ(inside, 0);
  }
}

TEST(start, may_be_paused_and_resized) {
  parwork::running run = parwork::start(numbers(5000), [](int) {}, [] {}, {.workers = 1});
  for (unsigned n = 1; n < 50; ++n) {
    run.control().pause();
    run.control().set_workers(n % 6 + 1);
    run.control().resume();
  }
  EXPECT_EQ(run.wait().succeeded, 5000u);
}

TEST(start, destroyed_while_paused_it_ends) {
  parwork::running run = parwork::start(numbers(5000), [](int) {}, [] {});
  run.control().pause();
}

TEST(start, waiting_inside_work_cannot_deadlock) {
  parwork::pool one(1);
  const summary outer = parwork::process(
      numbers(4),
      [&](int) {
        EXPECT_EQ(
            parwork::start(numbers(20), [](int) {}, [] {}, {.run_on = &one}).wait().succeeded, 20u);
      },
      [] {}, {.workers = 2, .run_on = &one});
  EXPECT_EQ(outer.succeeded, 4u);
}

TEST(start, its_thread_is_made_like_the_pools) {
  std::atomic<unsigned> last{0};
  parwork::pool own({.workers = 2, .on_thread_start = [&](unsigned number) {
                       if (number > 1) last = number;
                     }});
  EXPECT_EQ(parwork::start(numbers(3), [](int) {}, [] {}, {.run_on = &own}).wait().workers, 2u);
  EXPECT_EQ(last, 2u);
}

TEST(start, what_on_thread_start_throws_leaves_start) {
  parwork::pool own({.workers = 1, .on_thread_start = [](unsigned number) {
                       if (number > 0) throw std::runtime_error("no CPU");
                     }});
  parwork::run_control control;
  EXPECT_THROW(static_cast<void>(parwork::start(
                   numbers(3), [](int) {}, [] {}, {.run_on = &own, .control = &control})),
               std::runtime_error);
  EXPECT_EQ(parwork::process(numbers(3), [](int) {}, [] {}, {.control = &control}).succeeded, 3u);
}

}  // namespace
