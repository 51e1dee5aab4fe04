// Another number of workers while a run goes on.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/recorded.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::options;
using parwork::ordering;
using parwork::pool;
using parwork::process;
using parwork::run_control;
using parwork::summary;

TEST(resizing, more_workers_are_woken_and_started) {
  for (const unsigned more : {2u, 3u, 7u}) {
    pool own(2);
    run_control control;
    rendezvous all(more);
    const summary run = process(
        numbers(200),
        [&](int item) {
          if (item == 0) control.set_workers(more);
          if (item < static_cast<int>(more)) all.arrive_and_wait();
        },
        [] {}, {.workers = 1, .run_on = &own, .control = &control});
    EXPECT_EQ(run.succeeded, 200u);
    EXPECT_EQ(run.workers, more);
  }
}

TEST(resizing, more_workers_fold_what_is_split) {
  pool own(1);
  run_control control;
  rendezvous all(4);
  std::atomic<int> first{0};
  const std::vector<int> numbers(4000, 1);
  auto sum = parwork::reduce(0, std::plus<>(), std::plus<>());
  const summary run = process(parwork::split(numbers),
                              [&](int item) {
                                if (first.load() < 4 && first++ < 4) {
                                  control.set_workers(4);
                                  all.arrive_and_wait();
                                }
                                return item;
                              },
                              sum, {.workers = 1, .run_on = &own, .control = &control});
  EXPECT_EQ(run.succeeded, 4000u);
  EXPECT_EQ(sum.value(), 4000);
}

/// Four meet, then there may be one: at most one works at a time from then on.
template <class Work>
void expect_one_at_a_time(pool& own, options with, Work wrap) {
  run_control control;
  rendezvous all(4);
  std::atomic<int> now{0};
  std::atomic<int> arrived{0};
  with.workers = 4;
  with.run_on = &own;
  with.control = &control;
  const auto work = [&](int item) {
    if (item < 4) {
      if (++arrived == 4) control.set_workers(1);
      all.arrive_and_wait();
      return;
    }
    EXPECT_EQ(++now, 1);
    std::this_thread::yield();
    --now;
  };
  const summary run = process(numbers(500), wrap(work), [] {}, std::move(with));
  EXPECT_EQ(run.succeeded, 500u);
  EXPECT_EQ(run.workers, 4u);
}

TEST(resizing, fewer_workers_leave_after_their_item) {
  const auto plain = [](auto work) { return work; };
  const auto stateful = [](auto work) {
    return parwork::per_worker([] { return 0; }, [work](int&, int item) { work(item); });
  };
  for (const unsigned threads : {1u, 3u, 6u}) {
    for (const ordering order : {ordering::completion, ordering::input}) {
      pool own(threads);
      expect_one_at_a_time(own, {.order = order}, plain);
      expect_one_at_a_time(own, {.order = order}, stateful);
    }
  }
}

TEST(resizing, workers_that_left_come_back) {
  pool own(1);
  run_control control;
  rendezvous first(4);
  rendezvous second(4);
  std::atomic<int> arrived{0};
  const summary run = process(
      numbers(300),
      [&](int item) {
        if (item < 4) {
          if (++arrived == 4) control.set_workers(1);
          first.arrive_and_wait();
        }
        if (item == 100) control.set_workers(4);
        if (item >= 100 && item < 104) second.arrive_and_wait();
      },
      [] {}, {.workers = 4, .run_on = &own, .control = &control});
  EXPECT_EQ(run.succeeded, 300u);
}

TEST(resizing, what_is_set_before_the_run_goes_before_its_options) {
  run_control control;
  control.set_workers(3);
  EXPECT_EQ(
      process(numbers(10), [](int) {}, [] {}, {.workers = 1, .control = &control}).workers, 3u);
  EXPECT_EQ(
      process(numbers(10), [](int) {}, [] {}, {.workers = 5, .control = &control}).workers, 3u);
}

TEST(resizing, resizing_again_and_again_loses_nothing) {
  pool own(2);
  for (const ordering order : {ordering::completion, ordering::input}) {
    run_control control;
    std::atomic<bool> over{false};
    std::thread often([&] {
      for (unsigned n = 1; !over; n = n % 6 + 1) {
        control.set_workers(n);
        std::this_thread::yield();
      }
    });
    std::uint64_t sum = 0;
    const summary run = process(
        numbers(20'000), [](int item) { return item; },
        [&](int item) { sum += static_cast<std::uint64_t>(item); },
        {.order = order, .run_on = &own, .control = &control});
    over = true;
    often.join();
    EXPECT_EQ(run.succeeded, 20'000u);
    EXPECT_EQ(sum, 199'990'000u);
    EXPECT_LE(run.workers, 6u);
  }
}

TEST(resizing, a_bound_that_is_set_holds_with_more_workers) {
  run_control control;
  const std::vector<int> all(1000, 1);
  auto sum = parwork::reduce(0, std::plus<>(), std::plus<>());
  const summary run = process(parwork::split(all),
                              [&](int item) {
                                control.set_workers(8);
                                return item;
                              },
                              sum, {.workers = 2, .queue = 300, .control = &control});
  EXPECT_EQ(sum.value(), 1000);
  EXPECT_LE(run.peak_in_flight, 300u);
}

/// Lanes of workers that were there, by their names.
std::vector<std::string> lanes_that_worked(parwork::recorder& record) {
  std::vector<std::string> names;
  for (const auto& each : parwork::detail::lanes_of(recorded_by(record))) {
    if (parwork::detail::totals_of(each, 0).worked > 0) names.push_back(each.name);
  }
  return names;
}

TEST(resizing, workers_that_come_later_have_lanes_of_their_own) {
  constexpr unsigned more = 7;
  for (const bool split : {false, true}) {
    pool own(1);
    run_control control;
    parwork::recorder record;
    rendezvous all(more);
    std::atomic<unsigned> first{0};
    const std::vector<int> items(400, 1);
    const auto work = [&](int) {
      if (first.load() >= more || first++ >= more) return;
      control.set_workers(more);
      all.arrive_and_wait();
    };
    const options chosen{.workers = 1, .run_on = &own, .record = &record, .control = &control};
    const summary run = split ? process(
                                    parwork::split(items), work, [] {}, chosen)
                              : process(numbers(400), work, [] {}, chosen);
    EXPECT_EQ(run.workers, more);
    const auto& recorded = recorded_by(record);
    expect_sound_lanes(recorded);
    EXPECT_EQ(recorded.durations().count(), 400U);
    EXPECT_EQ(lanes_that_worked(record).size(), more);
    EXPECT_EQ(lanes_that_worked(record).back(), "worker 6");
    double busy = 0;
    for (const auto& each : parwork::detail::lanes_of(recorded)) {
      const auto sum = parwork::detail::totals_of(each, recorded.length());
      busy +=
          static_cast<double>(sum.time[static_cast<std::size_t>(parwork::detail::part::working)]);
    }
    EXPECT_NEAR(busy / (static_cast<double>(recorded.length()) * more), run.work_share, 0.01);
  }
}

TEST(resizing, lanes_are_of_the_workers_that_the_run_had) {
  run_control control;
  parwork::recorder record;
  pool own(8);  // the run is sized for these
  const summary run = process(
      numbers(100), [](int) {}, [] {},
      {.workers = 2, .run_on = &own, .record = &record, .control = &control});
  EXPECT_EQ(run.workers, 2U);
  EXPECT_EQ(parwork::detail::lanes_of(recorded_by(record)).size(), 2U);
}

TEST(resizing, a_recorder_goes_along) {
  run_control control;
  parwork::recorder record;
  pool own(1);
  const summary run = process(
      numbers(500),
      [&](int item) {
        if (item == 100) control.set_workers(6);
        if (item == 200) control.set_workers(1);
      },
      [] {}, {.workers = 2, .run_on = &own, .record = &record, .control = &control});
  EXPECT_EQ(run.succeeded, 500u);
}

}  // namespace
