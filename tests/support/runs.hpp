// The parts that most tests of runs share: generators, collectors, checks of the summary, and the
// sweep over numbers of workers and queue sizes.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"

namespace parwork_test {

/// A callable generator of 0 .. count-1.
inline auto numbers(int count) {
  return [count, next = 0]() mutable -> std::optional<int> {
    if (next == count) return std::nullopt;
    return next++;
  };
}

/// A callable generator of `counted` items with the ids 0 .. count-1.
inline auto counted_items(std::uint64_t count) {
  return [count, next = std::uint64_t{0}]() mutable -> std::optional<counted> {
    if (next == count) return std::nullopt;
    return counted(next++);
  };
}

/// Keeps all completions in the order in which they arrive.
template <class Item, class Result>
class gathered {
 public:
  using value_type = parwork::completion<Item, Result>;

  auto collector() {
    return [this](value_type done) { all_.push_back(std::move(done)); };
  }

  std::size_t size() const { return all_.size(); }
  const value_type& operator[](std::size_t position) const { return all_.at(position); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

  const value_type& at_index(std::uint64_t index) const {
    for (const value_type& done : all_) {
      if (done.index == index) return done;
    }
    ADD_FAILURE() << "no completion has index " << index;
    return all_.at(0);
  }

  /// Whether the indices are 0 .. size-1, each of them once, in any order.
  bool has_every_index_once() const {
    std::set<std::uint64_t> seen;
    for (const value_type& done : all_) seen.insert(done.index);
    return seen.size() == all_.size() && (seen.empty() || *seen.rbegin() + 1 == all_.size());
  }

  /// Whether the indices are 0 .. size-1 in this order.
  bool is_in_input_order() const {
    std::uint64_t expected = 0;
    for (const value_type& done : all_) {
      if (done.index != expected++) return false;
    }
    return true;
  }

 private:
  std::vector<value_type> all_;
};

/// What holds in every summary.
inline void expect_consistent(const parwork::summary& run, const parwork::options& options) {
  EXPECT_EQ(run.produced, run.succeeded + run.failed + run.cancelled);
  EXPECT_GT(run.workers, 0u);
  if (options.workers != 0) {
    EXPECT_LE(run.workers, options.workers);
  }
  EXPECT_LE(run.peak_in_flight, run.queue);
  if (options.queue != 0) {
    EXPECT_EQ(run.queue, options.queue);
  }
  EXPECT_EQ(run.first_failure.has_value(), run.failed > 0);
  if (run.failed == 0 && run.cancelled > 0) {
    EXPECT_TRUE(run.stopped);
  }
  EXPECT_GE(run.wall.count(), 0);
  for (const double share :
       {run.generator_share, run.work_share, run.collector_share, run.idle_share}) {
    EXPECT_GE(share, 0.0);
  }
}

/// The same, and the counts: all of `produced` items succeeded, failed or were cancelled.
inline void expect_counts(const parwork::summary& run, std::uint64_t succeeded,
                          std::uint64_t failed = 0, std::uint64_t cancelled = 0) {
  EXPECT_EQ(run.produced, succeeded + failed + cancelled);
  EXPECT_EQ(run.succeeded, succeeded);
  EXPECT_EQ(run.failed, failed);
  EXPECT_EQ(run.cancelled, cancelled);
}

/// For tests with `counted` items: all of them are gone after the test.
class leak_check : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(counted::live(), 0);
    counted::reset();
  }
  void TearDown() override { EXPECT_EQ(counted::live(), 0) << "items leaked, or destroyed twice"; }
};

/// Runs a test for every number of workers and queue size that matters.
class sweep : public testing::TestWithParam<std::tuple<unsigned, std::size_t>> {
 protected:
  unsigned workers() const { return std::get<0>(GetParam()); }
  std::size_t queue() const { return std::get<1>(GetParam()); }
  parwork::options options() const { return {.workers = workers(), .queue = queue()}; }

  void SetUp() override {
    ASSERT_EQ(counted::live(), 0);
    counted::reset();
  }
  void TearDown() override { EXPECT_EQ(counted::live(), 0) << "items leaked, or destroyed twice"; }
};

inline auto sweep_values() {
  return testing::Combine(
      testing::Values(1u, 2u, 4u, 8u, 64u),
      testing::Values(std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{400}));
}

inline std::string sweep_name(
    const testing::TestParamInfo<std::tuple<unsigned, std::size_t>>& info) {
  return "workers_" + std::to_string(std::get<0>(info.param)) + "_queue_" +
         std::to_string(std::get<1>(info.param));
}

}  // namespace parwork_test
