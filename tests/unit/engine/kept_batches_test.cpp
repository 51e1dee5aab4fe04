// Batches that are kept until their asynchronous span is finished.
#include <gtest/gtest.h>

#include "engine/course.hpp"
#include "unit/engine/parts.hpp"

namespace {

using parwork_test::items_of;
using parwork_test::parts;
using parwork_test::parts_plan;

parts_plan of_spans(bool is_ordered) {
  return {
      .shape = {.workers = 1, .is_ordered = is_ordered, .keeps_batches = true},
      .traits = {
          .is_async = true, .batches = parwork::detail::batching::by_count, .keeps_batches = true}};
}

// What comes back, and is delivered, by the worker.
void finish_all(parts& run, parwork::detail::worker& w) {
  for (parwork::detail::batch* const b : run.hooks.outstanding) run.returning.put_finished(*b);
  run.hooks.outstanding.clear();
  run.course.serve(w);
}

TEST(KeptBatches, AreSmallWhereItemsCameSlowly) {
  for (const bool is_ordered : {false, true}) {
    parts run{of_spans(is_ordered)};
    auto& w = run.enter(0);
    w.target = 64;
    run.hooks.starts_all = true;
    run.hooks.source = {1, 2, 3, 4, 5};
    run.hooks.between = [](parwork::detail::batch&, std::uint32_t filled) { return filled < 2; };
    run.course.serve(w);
    ASSERT_EQ(run.hooks.outstanding.size(), 3U);  // 2, 2 and 1 items
    EXPECT_EQ(run.hooks.outstanding[0]->capacity, 2U);
    EXPECT_EQ(run.hooks.outstanding[2]->capacity, 1U);
    EXPECT_EQ(run.hooks.outstanding[1]->first_index, 2U);
    EXPECT_EQ(items_of(*run.hooks.outstanding[1])[1], 4);
    finish_all(run, w);
    EXPECT_EQ(run.hooks.collected, (std::vector<int>{1, 2, 3, 4, 5}));
    EXPECT_TRUE(run.wakeups.is_over());
  }
}

TEST(KeptBatches, StayWhereTheyAreHalfFull) {
  parts run{of_spans(false)};
  auto& w = run.enter(0);
  w.target = 4;
  run.hooks.starts_all = true;
  run.hooks.source = {1, 2, 3};
  run.course.serve(w);
  ASSERT_EQ(run.hooks.outstanding.size(), 1U);
  EXPECT_EQ(run.hooks.outstanding[0]->capacity, 4U);
  EXPECT_EQ(run.hooks.made, 1);
  finish_all(run, w);
  EXPECT_EQ(run.hooks.collected, (std::vector<int>{1, 2, 3}));
}

TEST(KeptBatches, ArePartedBehindASpan) {
  parts run{of_spans(true)};
  auto& w = run.enter(0);
  auto& b = run.current_batch(w, {1, 2, 3, 4, 5});
  w.part_behind(b, 2);
  EXPECT_EQ(b.limit.load(), 2U);
  parwork::detail::batch* const rest = run.offered.take();
  ASSERT_NE(rest, nullptr);
  EXPECT_EQ(rest->limit.load(), 3U);
  EXPECT_EQ(rest->first_index, 2U);
  EXPECT_EQ(items_of(*rest)[0], 3);
  w.part_behind(b, 2);  // nothing is left there
  EXPECT_EQ(run.offered.take(), nullptr);
  w.current.store(nullptr);
  run.stock.put(w, b);
  run.stock.put(w, *rest);
}

}  // namespace
