// How finished items get to the collector.
#include "engine/delivery.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "unit/engine/parts.hpp"

namespace {

using parwork::runs_on;
using parwork::detail::batch;
using parwork_test::parts;
using parwork_test::parts_plan;

// A batch whose items are finished, pulled by `by`.
batch& finished_batch(parts& run, parwork::detail::worker& by, std::vector<int> numbers) {
  batch& b = run.current_batch(by, std::move(numbers));
  by.current.store(nullptr);
  const auto size = b.limit.load();
  run.admission.admit(b, 0, size);
  b.finished.store(size);
  return b;
}

TEST(Delivery, AFreeGateDeliversAtOnce) {
  parts run;
  auto& w = run.enter(0);
  run.delivery.take(w, finished_batch(run, w, {1, 2}));
  EXPECT_EQ(run.hooks.collected, (std::vector{1, 2}));
  EXPECT_EQ(run.credits.room(), run.credits.bound());
  EXPECT_FALSE(run.delivery.is_requested());
}

// The collector's own thread delivers what others have left, oldest first.
TEST(Delivery, WhatIsLeftIsDeliveredOldestFirst) {
  parts run{{.shape = {.workers = 2, .collector_thread = runs_on::own_thread}}};
  auto& w = run.enter(0);
  run.delivery.take(w, finished_batch(run, w, {1}));
  run.delivery.take(w, finished_batch(run, w, {2, 3}));
  EXPECT_TRUE(run.hooks.collected.empty());
  EXPECT_TRUE(run.delivery.is_requested());
  EXPECT_FALSE(run.delivery.may_collect(0));
  auto& collector = run.enter(run.shape.collector_number());
  EXPECT_TRUE(run.delivery.collect_if_requested(collector));
  EXPECT_EQ(run.hooks.collected, (std::vector{1, 2, 3}));
  EXPECT_FALSE(run.delivery.collect_if_requested(collector));
}

TEST(Delivery, InInputOrderNothingPassesAGap) {
  parts run{{.shape = {.workers = 2, .is_ordered = true}}};
  auto& w = run.enter(0);
  batch& first = run.current_batch(w, {1, 2});
  run.admission.admit(first, 0, 2);
  batch& second = run.current_batch(run.enter(1), {3});
  run.admission.admit(second, 0, 1);
  run.workers.at(1)->current.store(nullptr);
  second.finished.store(1);
  run.delivery.take(*run.workers.at(1), second);
  EXPECT_TRUE(run.hooks.collected.empty());
  first.finished.store(1);
  run.delivery.flush(w, first);
  EXPECT_EQ(run.hooks.collected, std::vector{1});
  first.finished.store(2);
  w.current.store(nullptr);
  run.delivery.take(w, first);
  EXPECT_EQ(run.hooks.collected, (std::vector{1, 2, 3}));
}

// A batch that is used up and not closed does not hold up those behind it.
TEST(Delivery, AnExhaustedBatchHoldsNothingUp) {
  parts run{{.shape = {.workers = 2, .is_ordered = true}}};
  auto& w = run.enter(0);
  batch& first = run.current_batch(w, {1});
  run.admission.admit(first, 0, 1);
  first.finished.store(1);
  auto& other = run.enter(1);
  run.delivery.take(other, finished_batch(run, other, {2}));
  EXPECT_EQ(run.hooks.collected, (std::vector{1, 2}));
  EXPECT_EQ(run.window.head(), &first) << "until it is closed";
  w.current.store(nullptr);
  run.delivery.take(w, first);
  EXPECT_EQ(run.window.head(), nullptr);
}

TEST(Delivery, SearchesBatchesThatAreBeingWorkedOn) {
  parts run;
  auto& w = run.enter(0);
  batch& b = run.current_batch(w, {1, 2, 3});
  run.admission.admit(b, 0, 3);
  b.finished.store(2);
  EXPECT_TRUE(run.delivery.is_there_work(1));
  EXPECT_TRUE(run.delivery.collect_if_requested(run.enter(1)));
  EXPECT_EQ(run.hooks.collected, (std::vector{1, 2}));
  b.finished.store(3);
  w.current.store(nullptr);
  run.delivery.take(w, b);
  EXPECT_EQ(run.hooks.collected, (std::vector{1, 2, 3}));
}

TEST(Delivery, TheLastItemEndsTheRun) {
  parts run;
  auto& w = run.enter(0);
  batch& b = finished_batch(run, w, {1});
  run.credits.close();
  EXPECT_FALSE(run.wakeups.is_over());
  run.delivery.take(w, b);
  EXPECT_TRUE(run.wakeups.is_over());
}

// Several workers hand over at once: one collects, and nothing is left behind.
TEST(Delivery, NothingIsLeftBehindByManyWorkers) {
  constexpr int batches = 400;
  constexpr unsigned workers = 3;
  parts run{{.shape = {.workers = workers}, .bound = 10'000}};
  std::vector<std::vector<batch*>> own(workers);
  int next = 0;
  for (unsigned number = 0; number < workers; ++number) {
    for (int i = 0; i < batches; ++i) {
      own[number].push_back(&finished_batch(run, run.enter(number), {next, next + 1}));
      next += 2;
    }
  }
  run.credits.close();
  std::vector<std::jthread> threads;
  for (unsigned number = 0; number < workers; ++number) {
    threads.emplace_back([&run, number, &mine = own[number]] {
      for (batch* const b : mine) run.delivery.take(*run.workers.at(number), *b);
    });
  }
  threads.clear();
  auto seen = run.hooks.collected;
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(next));
  for (int i = 0; i < next; ++i) ASSERT_EQ(seen[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(run.wakeups.is_over());
  EXPECT_FALSE(run.delivery.is_requested());
}

}  // namespace
