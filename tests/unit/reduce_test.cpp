// reduce: a collector without a serial point.
#include <gtest/gtest.h>

#include <atomic>
#include <expected>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using parwork::context;
using parwork::item_failed;
using parwork::process;
using parwork::reduce;

class reduce_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, reduce_sweep, sweep_values(), sweep_name);

auto adding() {
  return reduce(
      0L, [](long& sum, long one) { sum += one; }, [](long& sum, long other) { sum += other; });
}

auto widened = [](int item) { return static_cast<long>(item); };

TEST_P(reduce_sweep, every_result_is_folded_once) {
  auto sum = adding();
  const auto run = process(numbers(1000), widened, sum, options());
  expect_consistent(run, options());
  expect_counts(run, 1000);
  EXPECT_EQ(sum.value(), 999 * 1000 / 2);
}

TEST_P(reduce_sweep, every_result_of_a_split_is_folded_once) {
  const std::vector<int> ones(10'000, 1);
  auto sum = adding();
  const auto run = process(parwork::split(ones), widened, sum, options());
  expect_consistent(run, options());
  expect_counts(run, 10'000);
  EXPECT_EQ(sum.value(), 10'000);
}

TEST_P(reduce_sweep, accumulators_may_own_memory) {
  auto all = reduce(
      std::vector<int>(), [](std::vector<int>& seen, int one) { seen.push_back(one); },
      [](std::vector<int>& seen, std::vector<int>&& other) {
        seen.insert(seen.end(), other.begin(), other.end());
      });
  const auto run = process(numbers(500), [](int item) { return item; }, all, options());
  expect_counts(run, 500);
  std::vector<int> sorted = all.value();
  std::ranges::sort(sorted);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(sorted.at(static_cast<std::size_t>(i)), i);
}

TEST(reduce, an_empty_run_gives_the_initial_value) {
  auto sum = adding();
  expect_counts(process(numbers(0), widened, sum), 0);
  EXPECT_EQ(sum.value(), 0);
}

TEST(reduce, workers_fold_at_the_same_time) {
  rendezvous both(2);
  auto count = reduce(
      0,
      [&](int& total, int) {
        both.arrive_and_wait();
        ++total;
      },
      [](int& total, int other) { total += other; });
  expect_counts(process(numbers(2), [](int item) { return item; }, count, {.workers = 2}), 2);
  EXPECT_EQ(count.value(), 2);
}

TEST(reduce, accumulators_are_copies_of_the_initial_value) {
  auto words = reduce(
      std::map<std::string, int>(),
      [](std::map<std::string, int>& counts, const std::string& word) { ++counts[word]; },
      [](std::map<std::string, int>& counts, const std::map<std::string, int>& other) {
        for (const auto& [word, count] : other) counts[word] += count;
      });
  const std::vector<std::string> text{"a", "b", "a", "c", "a"};
  expect_counts(process(text, [](const std::string& word) { return word; }, words, {.workers = 4}),
                5);
  EXPECT_EQ(words.value(), (std::map<std::string, int>{{"a", 3}, {"b", 1}, {"c", 1}}));
}

TEST_P(reduce_sweep, a_retried_item_is_folded_once) {
  auto chosen = options();
  chosen.retry.max_attempts = 3;
  auto sum = adding();
  const auto run = process(
      numbers(200),
      [](int item, context& ctx) {
        if (ctx.attempt() <= static_cast<unsigned>(item % 3)) throw std::runtime_error("again");
        return static_cast<long>(item);
      },
      sum, chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 200);
  EXPECT_EQ(sum.value(), 199 * 200 / 2);
  EXPECT_EQ(run.retries, 67u * 0 + 67u * 1 + 66u * 2);
}

TEST_P(reduce_sweep, a_failure_stops_the_run_and_is_thrown) {
  auto sum = adding();
  std::atomic<int> generated = 0;
  EXPECT_THROW((void)process([&] { return std::optional(generated++); },
                             [](int item) {
                               if (item == 50) throw std::out_of_range("fifty");
                               return static_cast<long>(item);
                             },
                             sum, options()),
               std::out_of_range);
}

TEST_P(reduce_sweep, a_failure_that_is_no_exception_is_thrown_as_item_failed) {
  auto sum = adding();
  try {
    (void)process(
        numbers(100),
        [](int item) -> std::expected<long, std::string> {
          if (item == 50) return std::unexpected("fifty");
          return item;
        },
        sum, options());
    FAIL() << "nothing was thrown";
  } catch (const item_failed& thrown) {
    EXPECT_EQ(thrown.index(), 50u);
    EXPECT_EQ(thrown.failure().message(), "fifty");
  }
}

TEST_P(reduce_sweep, an_exception_of_fold_ends_the_run_as_one_of_a_collector) {
  auto picky = reduce(
      0,
      [](int& total, int one) {
        if (one == 50) throw std::length_error("fold");
        total += one;
      },
      [](int& total, int other) { total += other; });
  std::atomic<int> generated = 0;
  EXPECT_THROW((void)process([&] { return std::optional(generated++); },
                             [](int item) { return item; }, picky, options()),
               std::length_error);
}

TEST(reduce, an_exception_of_merge_is_thrown) {
  rendezvous both(2);
  auto broken = reduce(
      0, [](int& total, int one) { total += one; },
      [](int&, int) { throw std::length_error("merge"); });
  EXPECT_THROW((void)process(numbers(2),
                             [&](int item) {
                               both.arrive_and_wait();
                               return item;
                             },
                             broken, {.workers = 2}),
               std::length_error);
}

TEST(reduce, fold_runs_on_workers) {
  thread_log workers;
  thread_log folders;
  auto sum = reduce(
      0,
      [&](int& total, int one) {
        folders.note();
        total += one;
      },
      [](int& total, int other) { total += other; });
  const auto run = process(numbers(500),
                           [&](int item) {
                             workers.note();
                             return item;
                           },
                           sum, {.workers = 4});
  expect_counts(run, 500);
  for (const auto id : folders.ids()) EXPECT_TRUE(workers.has(id));
}

TEST_P(reduce_sweep, accumulators_are_destroyed_with_the_reduce) {
  {
    auto last = reduce(
        counted(0), [](counted& acc, std::uint64_t id) { acc = counted(std::max(acc.id(), id)); },
        [](counted& acc, const counted& other) { acc = counted(std::max(acc.id(), other.id())); });
    const auto run =
        process(counted_items(100), [](const counted& item) { return item.id(); }, last, options());
    expect_counts(run, 100);
    EXPECT_EQ(last.value().id(), 99u);
  }
  EXPECT_EQ(counted::live(), 0);
}

}  // namespace
