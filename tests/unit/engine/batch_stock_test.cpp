// Batches that are used again, and the window that keeps them in order.
#include "engine/batch_stock.hpp"

#include <gtest/gtest.h>

#include "unit/engine/parts.hpp"

namespace {

using parwork_test::items_of;
using parwork_test::parts;

TEST(BatchStock, GivesTheBatchThatWasPutLast) {
  parts run;
  auto& w = run.enter(0);
  auto* const b = run.stock.get(w, 5);
  EXPECT_EQ(b->capacity, 8U) << "the next power of two";
  b->limit.store(3);
  b->attempts = 2;
  run.stock.put(w, *b);
  EXPECT_EQ(run.stock.get(w, 8), b);
  EXPECT_EQ(b->limit.load(), 0U);
  EXPECT_EQ(b->attempts, 0U);
  EXPECT_EQ(run.hooks.made, 1);
  run.stock.put(w, *b);
}

TEST(BatchStock, KeepsSizesApart) {
  parts run;
  auto& w = run.enter(0);
  auto* const small = run.stock.get(w, 1);
  run.stock.put(w, *small);
  auto* const large = run.stock.get(w, 2);
  EXPECT_NE(large, small);
  run.stock.put(w, *large);
}

TEST(BatchStock, KeepsAFewAndFreesTheRest) {
  parts run;
  auto& w = run.enter(0);
  std::vector<parwork::detail::batch*> out;
  for (int i = 0; i < 12; ++i) out.push_back(run.stock.get(w, 4));
  for (auto* const b : out) run.stock.put(w, *b);
  EXPECT_EQ(run.hooks.freed, 12 - static_cast<int>(parwork::detail::spare_batches::most));
  run.stock.empty(w);
  EXPECT_EQ(run.hooks.freed, 12);
}

TEST(BatchStock, KeepsAllForAllWorkersWhereSlotsKeepMemory) {
  parts run;
  parwork::detail::batch_stock stock(run.hooks, parwork::detail::spares::all);
  auto& pulls = run.enter(0);
  auto& collects = run.enter(1);
  std::vector<parwork::detail::batch*> out;
  for (int i = 0; i < 12; ++i) out.push_back(stock.get(pulls, 4));
  for (auto* const b : out) stock.put(collects, *b);
  EXPECT_EQ(run.hooks.freed, 0);
  out.clear();
  for (int i = 0; i < 4; ++i) out.push_back(stock.get(pulls, 4));
  EXPECT_EQ(run.hooks.made, 12) << "those that the other one had too many of";
  out.push_back(stock.get(pulls, 4));
  EXPECT_EQ(run.hooks.made, 13);
  for (auto* const b : out) stock.put(pulls, *b);
  stock.empty(pulls);
  stock.empty(collects);
  stock.empty_shared();
  EXPECT_EQ(run.hooks.freed, 13);
}

TEST(BatchStock, WithoutMemoryTryGetGivesNull) {
  parts run;
  auto& w = run.enter(0);
  run.hooks.batches_left = 0;
  EXPECT_EQ(run.stock.try_get(w, 4), nullptr);
  EXPECT_THROW((void)run.stock.get(w, 4), std::bad_alloc);
}

TEST(Window, KeepsWhatWasSplitOffBehindItsOrigin) {
  parwork::detail::window order;
  parwork_test::number_batch first(1), second(1), rest(1);
  order.append(first);
  order.append(second);
  order.insert_behind(first, rest);
  EXPECT_EQ(order.head(), &first);
  EXPECT_EQ(order.behind(first), &rest);
  EXPECT_EQ(order.behind(rest), &second);
  parwork_test::number_batch last(1), newest(1);
  order.insert_behind(second, last);
  order.append(newest);
  EXPECT_EQ(order.behind(last), &newest) << "the end moved with what was put there";
  order.pop();
  EXPECT_EQ(order.head(), &rest);
}

TEST(Window, HasFinishedItemsOnlyAtItsFirstGap) {
  parwork::detail::window order;
  parwork_test::number_batch first(2), second(2);
  first.limit.store(2);
  second.limit.store(2);
  order.append(first);
  order.append(second);
  second.finished.store(2);
  EXPECT_FALSE(order.has_finished()) << "what is before it is not finished";
  first.finished.store(1);
  EXPECT_TRUE(order.has_finished());
  first.delivered.store(1);
  EXPECT_FALSE(order.has_finished());
  first.finished.store(2);
  first.delivered.store(2);
  EXPECT_TRUE(order.has_finished()) << "an exhausted batch does not hide those behind it";
  second.stuck.store(true);
  EXPECT_FALSE(order.has_finished());
}

}  // namespace
