// What may be a collector, in which order it is called, and what it never has to care about.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <concepts>
#include <expected>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using parwork::completer;
using parwork::completion;
using parwork::context;
using parwork::failure;
using parwork::failure_kind;
using parwork::item_failed;
using parwork::ordering;
using parwork::process;

class collector_sweep : public sweep {
 protected:
  parwork::options by_input() const {
    auto chosen = options();
    chosen.order = ordering::input;
    return chosen;
  }
};
INSTANTIATE_TEST_SUITE_P(all, collector_sweep, sweep_values(), sweep_name);
class collector_leak : public leak_check {};

// Can be made from whatever makes a result where it is to stay, which is not what work returned.
struct made_of_anything {
  made_of_anything() = default;
  template <class T>
  made_of_anything(const T&) : value(-1) {}

  int value = 0;
};

auto negated = [](const int& item) { return -item; };

// Forms

TEST(collector, a_completion_may_be_taken_by_value_reference_or_const_reference) {
  int calls = 0;
  using done = completion<int, int>;
  expect_counts(process(numbers(3), negated, [&](done) { ++calls; }), 3);
  expect_counts(process(numbers(3), negated, [&](done&&) { ++calls; }), 3);
  expect_counts(process(numbers(3), negated, [&](const done&) { ++calls; }), 3);
  EXPECT_EQ(calls, 9);
}

TEST(collector, a_generic_lambda_gets_completions) {
  int calls = 0;
  const auto check = [&](auto&& done) {
    static_assert(std::same_as<std::remove_cvref_t<decltype(done)>, completion<int, int>>);
    ++calls;
  };
  expect_counts(process(numbers(3), negated, check), 3);
  EXPECT_EQ(calls, 3);
}

TEST(collector, a_completion_is_tried_before_a_result) {
  struct both {
    int* completions;
    void operator()(completion<int, int>) const { ++*completions; }
    void operator()(int) const { ADD_FAILURE(); }
  };
  int completions = 0;
  expect_counts(process(numbers(3), negated, both{&completions}), 3);
  EXPECT_EQ(completions, 3);
}

TEST(collector, a_result_may_be_taken_by_value_or_reference) {
  std::string all;
  const auto work = [](int item) { return std::to_string(item); };
  const parwork::options one{.workers = 1};
  expect_counts(process(numbers(3), work, [&](std::string r) { all += r; }, one), 3);
  expect_counts(process(numbers(3), work, [&](std::string&& r) { all += r; }, one), 3);
  expect_counts(process(numbers(3), work, [&](const std::string& r) { all += r; }, one), 3);
  EXPECT_EQ(all, "012012012");
}

TEST(collector, a_result_that_can_be_made_of_anything_is_what_work_returned) {
  std::vector<int> values;
  const auto work = [](int item) {
    made_of_anything result;
    result.value = item;
    return result;
  };
  const auto collect = [&](const completion<int, made_of_anything>& done) {
    values.push_back(done.result->value);
  };
  expect_counts(process(numbers(3), work, collect), 3);
  std::ranges::sort(values);
  EXPECT_EQ(values, (std::vector<int>{0, 1, 2}));
}

TEST(collector, nothing_is_taken_where_the_result_is_void) {
  int calls = 0;
  expect_counts(process(numbers(3), [](int) {}, [&] { ++calls; }), 3);
  EXPECT_EQ(calls, 3);
}

TEST(collector, a_void_run_may_have_a_completion_collector) {
  gathered<int, void> done;
  expect_counts(process(numbers(3), [](int) {}, done.collector()), 3);
  EXPECT_TRUE(done[0].result.has_value());
}

TEST(collector, type_erased_collectors_work) {
  int calls = 0;
  const std::function<void(completion<int, int>)> completions = [&](const auto&) { ++calls; };
  expect_counts(process(numbers(3), negated, completions), 3);
  std::move_only_function<void(int)> results = [&](int) { ++calls; };
  expect_counts(process(numbers(3), negated, std::move(results)), 3);
  EXPECT_EQ(calls, 6);
}

TEST(collector, a_collector_passed_as_lvalue_is_used_where_it_is) {
  struct counter {
    int calls = 0;
    void operator()(int) { ++calls; }
    counter() = default;
    counter(const counter&) = delete;
  } sink;
  expect_counts(process(numbers(10), negated, sink), 10);
  EXPECT_EQ(sink.calls, 10);
}

TEST_F(collector_leak, the_completion_owns_item_and_result) {
  std::vector<completion<counted, counted>> kept;
  const auto run = process(
      counted_items(50), [](const counted& item) { return counted(item.id() + 1000); },
      [&](completion<counted, counted> done) { kept.push_back(std::move(done)); });
  expect_counts(run, 50);
  EXPECT_EQ(counted::live(), 100);
  EXPECT_EQ(counted::copies(), 0);
  for (const auto& one : kept) {
    EXPECT_EQ(one.item.id(), one.index);
    EXPECT_EQ(one.result.value().id(), one.index + 1000);
    EXPECT_EQ(one.attempts, 1u);
  }
}

// Calls

TEST_P(collector_sweep, every_item_arrives_exactly_once) {
  gathered<counted, std::uint64_t> done;
  const auto run = process(
      counted_items(1000), [](const counted& item) { return item.id(); }, done.collector(),
      options());
  expect_consistent(run, options());
  expect_counts(run, 1000);
  EXPECT_EQ(done.size(), 1000u);
  EXPECT_TRUE(done.has_every_index_once());
}

TEST_P(collector_sweep, calls_come_one_at_a_time_and_need_no_lock) {
  for (const auto& chosen : {options(), by_input()}) {
    exclusive calls;
    long sum = 0;  // unguarded on purpose
    const auto run = process(
        numbers(1000), negated,
        [&](int result) {
          const auto visit = calls.enter();
          sum += result;
        },
        chosen);
    expect_counts(run, 1000);
    EXPECT_EQ(sum, -999 * 1000 / 2);
    EXPECT_EQ(calls.calls(), 1000u);
  }
}

TEST_P(collector_sweep, by_input_items_arrive_in_generator_order) {
  gathered<int, int> done;
  const auto run = process(
      numbers(1000),
      [](int item) {
        for (int yields = item * 7919 % 5; yields > 0; --yields) std::this_thread::yield();
        return item;
      },
      done.collector(), by_input());
  expect_consistent(run, by_input());
  expect_counts(run, 1000);
  EXPECT_TRUE(done.is_in_input_order());
}

TEST_P(collector_sweep, by_input_failures_keep_their_place) {
  gathered<int, int> done;
  const auto run = process(
      numbers(300),
      [](int item) -> std::expected<int, std::string> {
        if (item % 7 == 0) return std::unexpected("by seven");
        return item;
      },
      done.collector(), by_input());
  expect_consistent(run, by_input());
  EXPECT_EQ(run.failed, 43u);
  EXPECT_TRUE(done.is_in_input_order());
}

TEST(collector, by_completion_a_slow_item_holds_nobody_up) {
  constexpr int count = 300;
  tally collected;
  std::vector<int> order;
  const auto run = process(
      numbers(count),
      [&](int item) {
        if (item == 0) collected.wait_for(count - 1);
        return item;
      },
      [&](int item) {
        order.push_back(item);
        collected.add();
      },
      {.workers = 2, .queue = count});
  expect_counts(run, count);
  EXPECT_EQ(order.back(), 0);
}

TEST(collector, by_input_items_behind_a_slow_one_are_worked_on_and_wait) {
  constexpr int count = 300;
  tally worked;
  std::vector<int> order;
  const auto run = process(
      numbers(count),
      [&](int item) {
        if (item == 0) {
          worked.wait_for(count - 1);
        } else {
          worked.add();
        }
        return item;
      },
      [&](int item) { order.push_back(item); },
      {.workers = 2, .queue = count, .order = ordering::input});
  expect_counts(run, count);
  EXPECT_EQ(order.front(), 0);
  EXPECT_EQ(order.back(), count - 1);
}

TEST(collector, work_goes_on_while_the_collector_is_slow) {
  constexpr int count = 100;
  tally worked;
  bool first = true;
  const auto run = process(
      numbers(count), [&](int) { worked.add(); },
      [&] {
        if (std::exchange(first, false)) worked.wait_for(count);
      },
      {.workers = 2, .queue = count});
  expect_counts(run, count);
}

// No failure passes silently

TEST_P(collector_sweep, a_result_collector_makes_process_throw_the_works_own_exception) {
  const auto failing = [](const counted& item) {
    if (item.id() == 50) throw std::out_of_range("fifty");
    return item.id();
  };
  for (const auto& chosen : {options(), by_input()}) {
    std::vector<std::uint64_t> collected;
    EXPECT_THROW((void)process(
                     counted_items(1'000'000), failing,
                     [&](std::uint64_t id) { collected.push_back(id); }, chosen),
                 std::out_of_range);
    EXPECT_LT(collected.size(), 1'000'000u) << "the failure did not stop the run";
    if (chosen.order == ordering::input) {
      ASSERT_EQ(collected.size(), 50u);
      EXPECT_EQ(collected.back(), 49u);
    }
  }
}

TEST_P(collector_sweep, a_void_collector_makes_process_throw_too) {
  EXPECT_THROW((void)process(
                   numbers(100),
                   [](int item) {
                     if (item == 9) throw std::out_of_range("nine");
                   },
                   [] {}, options()),
               std::out_of_range);
}

TEST_P(collector_sweep, a_failure_that_is_no_exception_is_thrown_as_item_failed) {
  static_assert(std::derived_from<item_failed, std::runtime_error>);
  try {
    (void)process(
        numbers(100),
        [](int item) -> std::expected<int, std::error_code> {
          if (item == 42) return std::unexpected(std::make_error_code(std::errc::io_error));
          return item;
        },
        [](int) {}, options());
    FAIL() << "nothing was thrown";
  } catch (const item_failed& thrown) {
    EXPECT_EQ(thrown.index(), 42u);
    EXPECT_EQ(thrown.failure().kind(), failure_kind::error);
    EXPECT_EQ(thrown.failure().code(), std::errc::io_error);
  }
}

TEST_P(collector_sweep, by_input_the_failure_of_the_lowest_index_is_thrown) {
  try {
    (void)process(
        numbers(200),
        [](int item) -> std::expected<int, std::string> {
          if (item >= 20) return std::unexpected("too many");
          return item;
        },
        [](int) {}, by_input());
    FAIL() << "nothing was thrown";
  } catch (const item_failed& thrown) {
    EXPECT_EQ(thrown.index(), 20u);
  }
}

TEST(collector, by_completion_what_still_succeeds_after_a_failure_is_collected) {
  gate failed;
  std::vector<int> collected;
  EXPECT_THROW((void)process(
                   numbers(2),
                   [&](int item, context& ctx) {
                     if (item == 0) {
                       failed.wait();
                       throw std::runtime_error("first");
                     }
                     failed.open();
                     wait_for_stop(ctx.stop_token());
                     return item;
                   },
                   [&](int item) { collected.push_back(item); }, {.workers = 2}),
               std::runtime_error);
  EXPECT_EQ(collected, std::vector<int>{1});
}

TEST(collector, a_token_stop_alone_makes_no_exception) {
  std::stop_source stop;
  int collected = 0;
  const auto run = process([next = 0]() mutable -> std::optional<int> { return next++; }, negated,
                           [&](int) {
                             if (++collected == 10) stop.request_stop();
                           },
                           {.stop = stop.get_token()});
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(run.succeeded, static_cast<std::uint64_t>(collected));
  EXPECT_EQ(run.produced, run.succeeded + run.cancelled);
}

}  // namespace
