// per_worker: a state of its own for each worker.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::context;
using parwork::failure_kind;
using parwork::per_worker;
using parwork::process;

class per_worker_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, per_worker_sweep, sweep_values(), sweep_name);

/// Is alive, belongs to one thread, and is used by one call at a time.
struct state {
  explicit state(int number) : marker(static_cast<std::uint64_t>(number)) {}
  counted marker;
  std::thread::id owner = std::this_thread::get_id();
  int calls = 0;  // unguarded on purpose
};

TEST_P(per_worker_sweep, every_worker_that_takes_part_has_one_state_of_its_own) {
  std::atomic<int> made = 0;
  thread_log workers_seen;
  std::atomic<int> calls = 0;
  const auto run = process(
      numbers(500),
      per_worker([&] { return state(made++); },
                 [&](state& mine, int item) {
                   EXPECT_EQ(mine.owner, std::this_thread::get_id());
                   EXPECT_NE(mine.marker.id(), counted::nobody);
                   ++mine.calls;
                   ++calls;
                   workers_seen.note();
                   return item;
                 }),
      [](completion<int, int>) {}, options());
  expect_consistent(run, options());
  expect_counts(run, 500);
  EXPECT_EQ(calls, 500);
  EXPECT_EQ(static_cast<std::size_t>(made.load()), workers_seen.size());
  EXPECT_LE(workers_seen.size(), workers());
  EXPECT_EQ(counted::live(), 0) << "a state outlived the run";
}

TEST(per_worker, as_many_states_as_workers_that_meet) {
  std::atomic<int> made = 0;
  rendezvous all(4);
  const auto run = process(
      numbers(4), per_worker([&] { return ++made; }, [&](int&, int) { all.arrive_and_wait(); }),
      [](completion<int, void>) {}, {.workers = 4});
  expect_counts(run, 4);
  EXPECT_EQ(made, 4);
}

TEST(per_worker, no_state_is_made_before_it_is_needed) {
  int made = 0;
  const auto run = process(numbers(0), per_worker([&] { return ++made; }, [](int&, int) {}),
                           [](completion<int, void>) {}, {.workers = 4});
  expect_counts(run, 0);
  EXPECT_EQ(made, 0);
}

TEST(per_worker, a_single_worker_makes_a_single_state_on_the_calling_thread) {
  std::vector<int> seen;
  std::thread::id maker;
  const auto run = process(numbers(5),
                           per_worker(
                               [&] {
                                 maker = std::this_thread::get_id();
                                 return std::make_unique<int>(0);
                               },
                               [](std::unique_ptr<int>& mine, int) { return ++*mine; }),
                           [&](completion<int, int> done) { seen.push_back(done.result.value()); },
                           {.workers = 1});
  expect_counts(run, 5);
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(maker, std::this_thread::get_id());
}

TEST(per_worker, work_may_take_a_context_too) {
  gathered<int, std::uint64_t> done;
  const auto run = process(
      numbers(10),
      per_worker([] { return 0; }, [](int&, const int&, context& ctx) { return ctx.index(); }),
      done.collector());
  expect_counts(run, 10);
  for (const auto& one : done) EXPECT_EQ(one.result.value(), one.index);
}

TEST(per_worker, work_may_be_void_or_return_an_expected) {
  const auto none = [] { return 0; };
  expect_counts(process(numbers(3), per_worker(none, [](int&, int) {}), [] {}), 3);
  const auto run = process(numbers(3),
                           per_worker(none,
                                      [](int&, int item) -> std::expected<int, std::string> {
                                        if (item == 1) return std::unexpected("one");
                                        return item;
                                      }),
                           [](completion<int, int>) {});
  expect_counts(run, 2, 1);
}

TEST(per_worker, a_move_only_item_may_be_taken_by_value_where_the_collector_takes_results) {
  int sum = 0;
  const auto run = process(
      [next = 0]() mutable { return next == 4 ? nullptr : std::make_unique<int>(next++); },
      per_worker([] { return 1; }, [](int& add, std::unique_ptr<int> item) { return *item + add; }),
      [&](int result) { sum += result; });
  expect_counts(run, 4);
  EXPECT_EQ(sum, 10);
}

TEST_P(per_worker_sweep, a_state_that_cannot_be_made_fails_the_item_that_needed_it) {
  std::atomic<int> worked = 0;
  int failures = 0;
  const auto run = process(
      counted_items(50),
      per_worker([]() -> int { throw std::runtime_error("no state"); },
                 [&](int&, const counted&) { ++worked; }),
      [&](completion<counted, void> done) {
        ASSERT_FALSE(done.result);
        EXPECT_EQ(done.result.error().kind(), failure_kind::exception);
        EXPECT_EQ(done.result.error().message(), "no state");
        ++failures;
      },
      options());
  expect_consistent(run, options());
  expect_counts(run, 0, 50);
  EXPECT_EQ(failures, 50);
  EXPECT_EQ(worked, 0);
}

TEST(per_worker, after_a_failure_the_state_is_made_for_the_next_item) {
  int tries = 0;
  gathered<int, int> done;
  const auto run = process(numbers(5),
                           per_worker(
                               [&] {
                                 if (++tries == 1) throw std::runtime_error("not yet");
                                 return 7;
                               },
                               [](int& mine, int) { return mine; }),
                           done.collector(), {.workers = 1});
  expect_counts(run, 4, 1);
  EXPECT_FALSE(done.at_index(0).result);
  EXPECT_EQ(tries, 2);
}

TEST(per_worker, a_state_that_cannot_be_made_may_be_retried) {
  int tries = 0;
  parwork::options chosen{.workers = 1};
  chosen.retry.max_attempts = 2;
  gathered<int, int> done;
  const auto run = process(numbers(1),
                           per_worker(
                               [&] {
                                 if (++tries == 1) throw std::runtime_error("not yet");
                                 return 7;
                               },
                               [](int& mine, int) { return mine; }),
                           done.collector(), chosen);
  expect_counts(run, 1);
  EXPECT_EQ(done[0].attempts, 2u);
  EXPECT_EQ(run.retries, 1u);
}

TEST(per_worker, each_run_makes_new_states) {
  int made = 0;
  auto work = per_worker([&] { return ++made; }, [](int& mine, int) { return mine; });
  for (int round = 1; round <= 3; ++round) {
    const auto run =
        process(numbers(2), work, [&](int result) { EXPECT_EQ(result, round); }, {.workers = 1});
    expect_counts(run, 2);
  }
}

TEST_P(per_worker_sweep, states_are_gone_when_the_run_ends_by_an_exception) {
  EXPECT_THROW((void)process(
                   numbers(100),
                   per_worker([] { return counted(0); }, [](counted&, int item) { return item; }),
                   [](completion<int, int> done) {
                     if (done.item == 20) throw std::runtime_error("full");
                   },
                   options()),
               std::runtime_error);
  EXPECT_EQ(counted::live(), 0);
}

}  // namespace
