// How a run ends: stops by token and by failure. What throws is in throwing_test.cpp.
#include <gtest/gtest.h>

#include <atomic>
#include <expected>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
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
using parwork::failure_policy;
using parwork::ordering;
using parwork::process;

class ending_sweep : public sweep {
 protected:
  parwork::options stopped_by(const std::stop_source& stop) const {
    auto chosen = options();
    chosen.stop = stop.get_token();
    return chosen;
  }
  parwork::options stopping_at_failures(ordering order) const {
    auto chosen = options();
    chosen.order = order;
    chosen.on_failure = failure_policy::stop;
    return chosen;
  }
};
INSTANTIATE_TEST_SUITE_P(all, ending_sweep, sweep_values(), sweep_name);

/// Endless, and counts its calls.
struct endless {
  std::atomic<std::uint64_t> calls = 0;
  std::optional<counted> operator()() { return counted(calls++); }
};

// The token

TEST_P(ending_sweep, a_stop_before_the_run_keeps_it_from_calling_anything) {
  std::stop_source stop;
  stop.request_stop();
  endless source;
  int collected = 0;
  const auto run = process(
      source, [](const counted&) { ADD_FAILURE(); },
      [&](completion<counted, void>) { ++collected; }, stopped_by(stop));
  expect_consistent(run, options());
  expect_counts(run, 0);
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(source.calls, 0u);
  EXPECT_EQ(collected, 0);
}

TEST(ending, a_stop_before_the_run_keeps_a_split_from_starting) {
  std::stop_source stop;
  stop.request_stop();
  const std::vector<int> values(100, 1);
  std::uint64_t collected = 0;
  const auto run = process(
      parwork::split(values), [](int) { ADD_FAILURE(); },
      [&](completion<int, void> done) {
        ++collected;
        EXPECT_EQ(done.result.error().kind(), failure_kind::cancelled);
      },
      {.stop = stop.get_token()});
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(run.succeeded + run.failed, 0u);
  EXPECT_EQ(run.produced, collected);
}

TEST_P(ending_sweep, after_a_stop_from_work_every_item_taken_arrives_once) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    std::stop_source stop;
    auto chosen = stopped_by(stop);
    chosen.order = order;
    endless source;
    gathered<counted, std::uint64_t> done;
    const auto run = process(
        source,
        [&](const counted& item) {
          if (item.id() == 200) stop.request_stop();
          return item.id();
        },
        done.collector(), chosen);
    expect_consistent(run, chosen);
    EXPECT_TRUE(run.stopped);
    EXPECT_EQ(run.produced, source.calls);
    EXPECT_EQ(done.size(), run.produced);
    EXPECT_TRUE(done.has_every_index_once());
    EXPECT_GT(run.succeeded, 0u);
    EXPECT_EQ(run.failed, 0u);
    if (order == ordering::completion) {
      EXPECT_TRUE(done.at_index(200).result.has_value()) << "a started attempt was cut off";
    } else {
      EXPECT_TRUE(done.is_in_input_order());
      for (std::uint64_t i = 0; i < run.produced; ++i) {
        EXPECT_EQ(done.at_index(i).result.has_value(), i < run.succeeded) << "no prefix: " << i;
      }
    }
  }
}

TEST_P(ending_sweep, items_not_started_arrive_as_cancelled_with_no_attempt) {
  std::stop_source stop;
  gathered<counted, void> done;
  endless source;
  const auto run = process(
      source, [&](const counted&) { stop.request_stop(); }, done.collector(), stopped_by(stop));
  EXPECT_EQ(done.size(), run.produced);
  EXPECT_LE(run.succeeded, workers());
  EXPECT_FALSE(run.first_failure);
  for (const auto& one : done) {
    EXPECT_EQ(one.item.id(), one.index);
    if (one.result) {
      EXPECT_EQ(one.attempts, 1u);
    } else {
      EXPECT_EQ(one.attempts, 0u);
      EXPECT_EQ(one.result.error().kind(), failure_kind::cancelled);
    }
  }
}

TEST_P(ending_sweep, the_generator_is_not_called_again_after_a_stop_from_work) {
  std::stop_source stop;
  std::atomic<bool> requested = false;
  std::atomic<int> late_calls = 0;
  const auto run = process(
      [&]() -> std::optional<int> {
        if (requested) ++late_calls;
        return 1;
      },
      [&](int) {
        // Who comes second returns at once, perhaps before the first one's request has been heard.
        if (stop.request_stop()) requested = true;
      },
      [](completion<int, void>) {}, stopped_by(stop));
  EXPECT_TRUE(run.stopped);
  EXPECT_LE(late_calls, workers() == 1 ? 0 : 1) << "but for the call that was on its way";
}

TEST_P(ending_sweep, the_generator_may_stop_the_run_itself) {
  std::stop_source stop;
  std::uint64_t calls = 0;
  std::uint64_t collected = 0;
  const auto run = process(
      [&]() -> std::optional<counted> {
        if (calls == 100) stop.request_stop();
        return counted(calls++);
      },
      [](const counted&) {}, [&](completion<counted, void>) { ++collected; }, stopped_by(stop));
  expect_consistent(run, options());
  EXPECT_EQ(calls, 101u) << "called again after the stop";
  EXPECT_EQ(run.produced, 101u);
  EXPECT_EQ(collected, 101u);
  EXPECT_TRUE(run.stopped);
}

TEST_P(ending_sweep, the_collector_may_stop_the_run) {
  std::stop_source stop;
  endless source;
  std::uint64_t collected = 0;
  const auto run = process(
      source, [](const counted& item) { return item.id(); },
      [&](completion<counted, std::uint64_t>) {
        if (++collected == 100) stop.request_stop();
      },
      stopped_by(stop));
  expect_consistent(run, options());
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(collected, run.produced);
  EXPECT_EQ(run.produced, source.calls);
}

TEST_P(ending_sweep, another_thread_may_stop_the_run) {
  std::stop_source stop;
  tally progress;
  std::jthread stopper([&] {
    progress.wait_for(100);
    stop.request_stop();
  });
  endless source;
  std::uint64_t collected = 0;
  const auto run = process(
      source, [&](const counted&) { progress.add(); },
      [&](completion<counted, void>) { ++collected; }, stopped_by(stop));
  expect_consistent(run, options());
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(collected, run.produced);
}

TEST_P(ending_sweep, started_attempts_can_watch_the_token) {
  std::stop_source stop;
  std::atomic<std::uint64_t> started = 0;
  gathered<counted, int> done;
  endless source;
  const auto run = process(
      source,
      [&](const counted& item, context& ctx) {
        ++started;
        if (item.id() == 0) stop.request_stop();
        wait_for_stop(ctx.stop_token());
        return 1;
      },
      done.collector(), stopped_by(stop));
  EXPECT_EQ(run.succeeded, started);
  EXPECT_EQ(done.size(), run.produced);
}

TEST(ending, a_stop_wakes_a_run_whose_generator_is_the_only_one_awake) {
  // The generator looks at the token itself, as one that blocks on input has to.
  std::stop_source stop;
  gate blocked;
  std::jthread stopper([&] {
    blocked.wait();
    stop.request_stop();
  });
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        if (next++ < 10) return next;
        blocked.open();
        wait_for_stop(stop.get_token());
        return std::nullopt;
      },
      [](int) {}, [](completion<int, void>) {}, {.workers = 4, .stop = stop.get_token()});
  EXPECT_EQ(run.produced, 10u);
  EXPECT_EQ(run.succeeded + run.cancelled, 10u);
}

TEST(ending, a_token_that_is_never_requested_changes_nothing) {
  std::stop_source stop;
  const auto run =
      process(numbers(100), [](int) {}, [](completion<int, void>) {}, {.stop = stop.get_token()});
  expect_counts(run, 100);
  EXPECT_FALSE(run.stopped);
  EXPECT_FALSE(stop.stop_requested());
}

// failure_policy

TEST_P(ending_sweep, keep_going_collects_failures_and_goes_on) {
  gathered<counted, std::uint64_t> done;
  const auto run = process(
      counted_items(300),
      [](const counted& item) {
        if (item.id() % 2 == 0) throw std::runtime_error("even");
        return item.id();
      },
      done.collector(), options());
  expect_consistent(run, options());
  expect_counts(run, 150, 150);
  EXPECT_FALSE(run.stopped);
  EXPECT_EQ(run.first_failure->message(), "even");
}

TEST_P(ending_sweep, stop_ends_the_run_at_the_first_failure) {
  endless source;
  gathered<counted, std::uint64_t> done;
  const auto chosen = stopping_at_failures(ordering::completion);
  const auto run = process(
      source,
      [](const counted& item) {
        if (item.id() == 50) throw std::runtime_error("fifty");
        return item.id();
      },
      done.collector(), chosen);
  expect_consistent(run, chosen);
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(run.failed, 1u);
  EXPECT_EQ(run.first_failure->message(), "fifty");
  EXPECT_EQ(done.size(), run.produced);
  EXPECT_EQ(run.produced, source.calls);
  EXPECT_TRUE(done.has_every_index_once());
}

TEST_P(ending_sweep, stop_by_input_lets_nothing_after_the_failure_arrive_as_a_success) {
  endless source;
  gathered<counted, std::uint64_t> done;
  const auto chosen = stopping_at_failures(ordering::input);
  const auto run = process(
      source,
      [](const counted& item) {
        if (item.id() >= 50 && item.id() % 10 == 0) throw std::runtime_error("tens");
        return item.id();
      },
      done.collector(), chosen);
  expect_consistent(run, chosen);
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(run.succeeded, 50u);
  EXPECT_EQ(run.failed, 1u);
  EXPECT_EQ(done.size(), run.produced);
  EXPECT_TRUE(done.is_in_input_order());
  for (const auto& one : done) {
    EXPECT_EQ(one.result.has_value(), one.index < 50);
    if (one.index > 50) {
      EXPECT_EQ(one.result.error().kind(), failure_kind::cancelled);
    }
  }
}

TEST_P(ending_sweep, stop_with_failures_everywhere_delivers_every_item_once) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    endless source;
    gathered<counted, void> done;
    const auto chosen = stopping_at_failures(order);
    const auto run = process(
        source, [](const counted&) { throw std::runtime_error("always"); }, done.collector(),
        chosen);
    expect_consistent(run, chosen);
    EXPECT_TRUE(run.stopped);
    EXPECT_GE(run.failed, 1u);
    EXPECT_EQ(run.succeeded, 0u);
    EXPECT_EQ(done.size(), run.produced);
    EXPECT_TRUE(done.has_every_index_once());
  }
}

TEST(ending, the_first_failure_is_the_one_delivered_first) {
  gathered<int, int> done;
  const auto run = process(numbers(100),
                           [](int item) -> std::expected<int, std::string> {
                             if (item % 10 == 3) return std::unexpected(std::to_string(item));
                             return item;
                           },
                           done.collector(), {.workers = 4, .order = ordering::input});
  EXPECT_EQ(run.failed, 10u);
  EXPECT_EQ(run.first_failure->message(), "3");
}

// After the end

TEST_P(ending_sweep, no_user_code_runs_after_process_has_returned) {
  for (int round = 0; round < 20; ++round) {
    curtain fallen;
    std::stop_source stop;
    auto chosen = stopped_by(stop);
    chosen.retry.max_attempts = 2;
    chosen.retry.retry_if = [&](const auto&) {
      fallen.user_code();
      return true;
    };
    chosen.on_progress = [&](const auto&) { fallen.user_code(); };
    std::uint64_t collected = 0;
    const auto run = process(
        [&, next = 0]() mutable -> std::optional<int> {
          fallen.user_code();
          return next++;
        },
        [&](int item) {
          fallen.user_code();
          if (item % 5 == 0) throw std::runtime_error("by five");
          fallen.user_code();
        },
        [&](completion<int, void>) {
          fallen.user_code();
          if (++collected == 30) stop.request_stop();
          fallen.user_code();
        },
        chosen);
    fallen.fall();
    EXPECT_EQ(collected, run.produced);
  }
}

TEST(ending, callables_passed_as_rvalues_are_gone_after_the_call) {
  const auto witness = std::make_shared<int>(0);
  for (int round = 0; round < 50; ++round) {
    const auto run = process(
        [witness, next = 0]() mutable -> std::optional<int> {
          return next < 100 ? std::optional(next++) : std::nullopt;
        },
        [witness](int item) { return item + *witness; }, [witness](completion<int, int>) {},
        {.workers = 4, .on_progress = [witness](const auto&) {}});
    expect_counts(run, 100);
    EXPECT_EQ(witness.use_count(), 1);
  }
}

// Input order: what a collector of results has seen is a prefix, wherever the parts run.
TEST_P(ending_sweep, a_stop_in_input_order_leaves_a_prefix) {
  for (const auto where :
       {parwork::runs_on::workers, parwork::runs_on::caller, parwork::runs_on::own_thread}) {
    for (std::uint64_t stop_at = 10; stop_at < 60; ++stop_at) {
      std::stop_source stop;
      std::uint64_t next = 0;
      std::vector<std::uint64_t> collected;
      auto chosen = stopped_by(stop);
      chosen.order = ordering::input;
      chosen.generator_runs_on = where;
      const auto run = process(
          [&]() -> std::optional<std::uint64_t> {
            return next < 10'000 ? std::optional(next++) : std::nullopt;
          },
          [&](std::uint64_t item) {
            if (item == stop_at) stop.request_stop();
            return item;
          },
          [&](std::uint64_t result) { collected.push_back(result); }, chosen);
      for (std::uint64_t i = 0; i < collected.size(); ++i) {
        ASSERT_EQ(collected[i], i) << "stopped at " << stop_at << ": " << run;
      }
      EXPECT_EQ(run.succeeded, collected.size());
    }
  }
}

}  // namespace
