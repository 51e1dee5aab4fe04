// Asynchronous work on spans: bounds, orders, retries, what it goes together with.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/elsewhere.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::batch_completer;
using parwork::batched;
using parwork::completion;
using parwork::failure;
using parwork::failure_kind;
using parwork::ordering;
using parwork::process;

class async_spans_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, async_spans_sweep, sweep_values(), sweep_name);
class async_spans_leak : public leak_check {};

std::vector<std::uint64_t> ids_of(std::span<const counted> items) {
  std::vector<std::uint64_t> ids;
  for (const counted& item : items) ids.push_back(item.id());
  return ids;
}

// Finishes spans on other threads, in any order.
auto finished_by(elsewhere& other) {
  return [&](std::span<counted> items, batch_completer<std::uint64_t> finish) {
    other.post([items, finish = std::move(finish)]() mutable { finish.succeed(ids_of(items)); });
  };
}

TEST_P(async_spans_sweep, spans_finished_by_other_threads_are_collected_once) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    auto chosen = options();
    chosen.order = order;
    elsewhere other(3);
    gathered<counted, std::uint64_t> done;
    const auto run =
        process(counted_items(1000), batched(finished_by(other), 16), done.collector(), chosen);
    expect_consistent(run, chosen);
    expect_counts(run, 1000);
    EXPECT_TRUE(done.has_every_index_once());
    for (const auto& one : done) EXPECT_EQ(one.result.value(), one.item.id());
    if (order == ordering::input) {
      EXPECT_TRUE(done.is_in_input_order());
    }
  }
}

TEST_P(async_spans_sweep, spans_may_be_finished_before_work_returns) {
  gathered<counted, std::uint64_t> done;
  const auto run =
      process(counted_items(1000),
              batched([](std::span<counted> items, batch_completer<std::uint64_t> finish) {
                finish.succeed(ids_of(items));
              }),
              done.collector(), options());
  expect_consistent(run, options());
  expect_counts(run, 1000);
  EXPECT_TRUE(done.has_every_index_once());
}

TEST_P(async_spans_sweep, spans_are_never_longer_than_max_or_the_queue) {
  for (const std::size_t max : {std::size_t{1}, std::size_t{3}, std::size_t{256}}) {
    const auto run = process(
        numbers(500),
        batched(
            [&](std::span<int> items, batch_completer<void> finish) {
              EXPECT_GE(items.size(), 1U);
              EXPECT_LE(items.size(), std::min(max, queue()));
              finish.succeed();
            },
            max),
        [](completion<int, void>) {}, options());
    expect_consistent(run, options());
    expect_counts(run, 500);
  }
}

TEST_F(async_spans_leak, items_stay_in_place_until_the_span_is_finished_and_the_call_has_returned) {
  elsewhere other;
  const auto run =
      process(counted_items(200),
              batched(
                  [&](std::span<counted> items, batch_completer<std::uint64_t> finish) {
                    const std::uint64_t id = items[0].id();
                    if (id % 2 == 0) {  // finished first, while the call still looks at its items
                      gate finished;
                      other.post([&, finish = std::move(finish)]() mutable {
                        finish.succeed(ids_of(items));
                        finished.open();
                      });
                      finished.wait();
                      EXPECT_EQ(items[0].id(), id);
                    } else {  // the call has returned, the span is not finished
                      other.post([items, id, finish = std::move(finish)]() mutable {
                        EXPECT_EQ(items[0].id(), id);
                        finish.succeed(ids_of(items));
                      });
                    }
                  },
                  3),
              [](std::uint64_t) {}, {.workers = 4});
  expect_counts(run, 200);
  EXPECT_EQ(counted::copies(), 0);
}

TEST(async_spans, the_queue_counts_items_that_are_outstanding) {
  constexpr std::uint64_t count = 1000;
  constexpr std::size_t queue = 12;
  std::vector<batch_completer<void>> held;
  std::uint64_t outstanding = 0, peak = 0, begun = 0;
  const parwork::options chosen{.workers = 1, .queue = queue};
  const auto run = process(
      numbers(count),
      batched(
          [&](std::span<int> items, batch_completer<void> finish) {
            begun += items.size();
            outstanding += items.size();
            peak = std::max(peak, outstanding);
            held.push_back(std::move(finish));
            if (outstanding < queue && begun < count) return;
            for (auto& each : held) {
              outstanding -= each.size();
              each.succeed();
            }
            held.clear();
          },
          5),
      [](completion<int, void>) {}, chosen);
  expect_consistent(run, chosen);
  expect_counts(run, count);
  EXPECT_EQ(peak, queue);
  EXPECT_EQ(run.peak_in_flight, queue);
}

TEST(async_spans, grow_where_items_are_plenty) {
  std::size_t longest = 0;
  const auto run =
      process(numbers(100'000), batched([&](std::span<int> items, batch_completer<void> finish) {
                longest = std::max(longest, items.size());
                finish.succeed();
              }),
              [](completion<int, void>) {}, {.workers = 1, .queue = 10'000});
  expect_counts(run, 100'000);
  EXPECT_GT(longest, 16U);
  EXPECT_LE(longest, 256U);
}

TEST(async_spans, do_not_wait_for_more_items) {
  tally collected;
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        collected.wait_for(static_cast<std::uint64_t>(next));
        return next < 50 ? std::optional(next++) : std::nullopt;
      },
      batched([](std::span<int>, batch_completer<void> finish) { finish.succeed(); }),
      [&](completion<int, void>) { collected.add(); }, {.workers = 2});
  expect_counts(run, 50);
}

TEST(async_spans, a_generator_may_wait_for_spans_that_are_held_elsewhere) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    elsewhere other;
    tally collected;
    const auto run = process(
        [&, next = 0]() mutable -> std::optional<counted> {
          collected.wait_for(static_cast<std::uint64_t>(next));
          if (next == 100) return std::nullopt;
          return counted(static_cast<std::uint64_t>(next++));
        },
        batched(finished_by(other)), [&](std::uint64_t) { collected.add(); },
        {.workers = 2, .queue = 1000, .order = order});
    expect_counts(run, 100);
  }
}

TEST(async_spans, the_run_waits_for_spans_that_are_finished_after_the_generator_has_ended) {
  elsewhere other;
  gate ended;
  int collected = 0;
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        if (next < 5) return next++;
        ended.open();
        return std::nullopt;
      },
      batched([&](std::span<int>, batch_completer<void> finish) {
        other.post([&, finish = std::move(finish)]() mutable {
          ended.wait();
          finish.succeed();
        });
      }),
      [&](completion<int, void>) { ++collected; }, {.workers = 2});
  expect_counts(run, 5);
  EXPECT_EQ(collected, 5);
}

TEST(async_spans, the_finishing_thread_may_outlive_the_run) {
  elsewhere other(2);
  for (int round = 0; round < 300; ++round) {
    const auto run = process(counted_items(5), batched(finished_by(other), 2), [](std::uint64_t) {},
                             {.workers = 2});
    ASSERT_EQ(run.succeeded, 5U);
  }
}

TEST(async_spans, racing_ends_of_every_kind_lose_no_item) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (unsigned round = 0; round < 10; ++round) {
    elsewhere other(4);
    parwork::options chosen{.workers = 3, .queue = 64};
    chosen.order = round % 2 == 0 ? ordering::completion : ordering::input;
    chosen.retry.max_attempts = 1 + round % 3;
    gathered<int, int> done;
    const auto run =
        process(numbers(2000),
                batched(
                    [&](std::span<int> items, batch_completer<int> finish) {
                      std::mt19937 random(seed + round + static_cast<unsigned>(items[0]) * 7 +
                                          finish.attempt());
                      const auto how = random() % 8;
                      if (how == 0) return;  // abandoned
                      if (how == 1) throw std::runtime_error("refused");
                      auto end = [items, how, finish = std::move(finish)]() mutable {
                        std::vector<std::expected<int, failure>> outcomes;
                        if (how == 2) return finish.fail(failure(failure_kind::error, "all"));
                        if (how == 3) return;
                        for (const int item : items) {
                          if (item % 5 == 0 && how == 4) {
                            outcomes.emplace_back(std::unexpect, failure_kind::error, "one");
                          } else {
                            outcomes.emplace_back(item);
                          }
                        }
                        finish.finish(std::move(outcomes));
                      };
                      if (how == 7) return end();
                      other.post(std::move(end));
                    },
                    1 + round * 3),
                done.collector(), chosen);
    expect_consistent(run, chosen);
    EXPECT_EQ(run.produced, 2000U);
    EXPECT_EQ(done.size(), 2000U);
    EXPECT_TRUE(done.has_every_index_once());
    if (chosen.order == ordering::input) {
      EXPECT_TRUE(done.is_in_input_order());
    }
    for (const auto& one : done) {
      if (one.result) {
        EXPECT_EQ(*one.result, one.item);
      }
    }
  }
}

// Retries

TEST_P(async_spans_sweep, failed_items_are_tried_again_in_spans_of_one) {
  auto chosen = options();
  chosen.retry.max_attempts = 4;
  elsewhere other;
  gathered<counted, unsigned> done;
  const auto run = process(
      counted_items(100),
      batched(
          [&](std::span<counted> items, batch_completer<unsigned> finish) {
            const unsigned attempt = finish.attempt();
            if (attempt > 1) {
              EXPECT_EQ(items.size(), 1U);
              EXPECT_EQ(finish.index(), items[0].id());
            }
            std::vector<std::expected<unsigned, failure>> outcomes;
            for (const counted& item : items) {
              if (attempt > item.id() % 4) {
                outcomes.emplace_back(attempt);
              } else {
                outcomes.emplace_back(std::unexpect, failure_kind::error, "not yet");
              }
            }
            if (attempt == 2) return finish.finish(std::move(outcomes));
            other.post([finish = std::move(finish), outcomes = std::move(outcomes)]() mutable {
              finish.finish(std::move(outcomes));
            });
          },
          8),
      done.collector(), chosen);
  expect_consistent(run, chosen);
  expect_counts(run, 100);
  EXPECT_EQ(run.retries, 25U * (0 + 1 + 2 + 3));
  for (const auto& one : done) {
    EXPECT_EQ(one.attempts, one.item.id() % 4 + 1);
    EXPECT_EQ(one.result.value(), one.attempts);
  }
}

TEST(async_spans, retries_wait_for_their_backoff_and_a_stop_ends_the_wait) {
  std::stop_source stop;
  tally failed;
  gathered<int, int> done;
  parwork::options chosen{.workers = 2, .queue = 20, .stop = stop.get_token()};
  chosen.retry = {.max_attempts = 2, .backoff = 1h};
  std::jthread stopper([&] {
    failed.wait_for(20);
    stop.request_stop();
  });
  const auto run = process([next = 0]() mutable -> std::optional<int> { return next++; },
                           batched([&](std::span<int> items, batch_completer<int> finish) {
                             finish.fail(failure(failure_kind::error, "first"));
                             failed.add(items.size());
                           }),
                           done.collector(), chosen);
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(run.failed, 20U);
  for (const auto& one : done) {
    if (one.attempts > 0) {
      EXPECT_EQ(one.result.error().message(), "first");
    }
  }
}

// A length that is asked for

TEST(async_spans, max_may_be_a_callable_that_is_asked_before_each_span) {
  std::vector<std::size_t> lengths;
  std::size_t asked = 0;
  const auto run = process(numbers(1 + 2 + 3 + 4 + 5),
                           batched(
                               [&](std::span<int> items, batch_completer<void> finish) {
                                 lengths.push_back(items.size());
                                 finish.succeed();
                               },
                               [&] { return ++asked; }),
                           [] {}, {.workers = 1, .queue = 1000});
  expect_counts(run, 15);
  std::size_t longest = 1;  // a turn of the generator may end early, by the clock
  for (const std::size_t length : lengths) EXPECT_LE(length, longest++);
  EXPECT_GE(asked, lengths.size());
}

TEST(async_spans, what_is_asked_for_is_kept_between_1_and_65536) {
  std::vector<std::size_t> answers{0, 1'000'000, 2};
  std::size_t asked = 0, longest = 0;
  const auto run = process(numbers(200'000),
                           batched(
                               [&](std::span<int> items, batch_completer<void> finish) {
                                 longest = std::max(longest, items.size());
                                 finish.succeed();
                               },
                               [&] { return answers[asked++ % answers.size()]; }),
                           [] {}, {.workers = 1, .queue = 500'000});
  expect_counts(run, 200'000);
  EXPECT_LE(longest, 65'536U);
  EXPECT_GT(longest, 2U);
}

TEST(async_spans, what_max_throws_ends_the_run_as_a_generator_does) {
  std::vector<int> items(100);
  for (const bool is_split : {false, true}) {
    std::uint64_t collected = 0;
    int asked = 0;
    const auto work =
        batched([](std::span<int>, batch_completer<void> finish) { finish.succeed(); },
                [&]() -> std::size_t {
                  if (++asked == 4) throw std::out_of_range("asked");
                  return 5;
                });
    const auto collect = [&](const completion<int, void>& done) {
      EXPECT_TRUE(done.result);
      ++collected;
    };
    const parwork::options chosen{.workers = 1, .queue = 50};
    if (is_split) {
      EXPECT_THROW((void)process(parwork::split(items), work, collect, chosen), std::out_of_range);
    } else {
      EXPECT_THROW((void)process(items, work, collect, chosen), std::out_of_range);
    }
    EXPECT_GE(collected, 3U);
    EXPECT_LE(collected, 15U);
  }
}

TEST(async_spans, max_may_be_a_callable_for_work_that_is_over_when_it_returns) {
  std::size_t wanted = 3;
  const auto run = process(numbers(100),
                           batched(
                               [&](std::span<int> items) {
                                 EXPECT_LE(items.size(), 3U);
                                 return std::vector<int>(items.size());
                               },
                               [&wanted] { return wanted; }),
                           [](int) {}, {.workers = 2});
  expect_counts(run, 100);
}

TEST(async_spans, a_max_that_makes_no_sense_is_refused) {
  const auto work = [](std::span<int>, batch_completer<void> finish) { finish.succeed(); };
  EXPECT_THROW((void)batched(work, 0), std::invalid_argument);
  EXPECT_THROW((void)batched(work, 65'537), std::invalid_argument);
  EXPECT_THROW((void)process(numbers(3), batched(work, std::function<std::size_t()>()), [] {}),
               std::invalid_argument);
}

// What it goes together with

TEST_F(async_spans_leak, goes_with_split_ranges) {
  std::vector<counted> items;
  for (std::uint64_t i = 0; i < 500; ++i) items.emplace_back(i);
  for (const ordering order : {ordering::completion, ordering::input}) {
    elsewhere other(2);
    gathered<counted, std::uint64_t> done;
    const auto run = process(parwork::split(items), batched(finished_by(other), 7),
                             done.collector(), {.workers = 3, .order = order});
    expect_counts(run, 500);
    EXPECT_TRUE(done.has_every_index_once());
  }
}

TEST_F(async_spans_leak, goes_with_reduce) {
  elsewhere other(2);
  auto sum = parwork::reduce(
      std::uint64_t{0}, [](std::uint64_t& all, std::uint64_t one) { all += one; },
      [](std::uint64_t& all, std::uint64_t part) { all += part; });
  const auto run =
      process(counted_items(1000), batched(finished_by(other), 32), sum, {.workers = 3});
  expect_counts(run, 1000);
  EXPECT_EQ(sum.value(), 499'500U);
}

TEST_F(async_spans_leak, goes_with_a_linger_and_with_weights) {
  elsewhere other(2);
  auto run = process(counted_items(300), batched(finished_by(other), {.max = 16, .linger = 1ms}),
                     [](std::uint64_t) {}, {.workers = 2});
  expect_counts(run, 300);
  run = process(parwork::weighed(counted_items(300), [](const counted&) { return 10; }),
                batched(
                    [&](std::span<counted> items, batch_completer<std::uint64_t> finish) {
                      EXPECT_LE(items.size(), 3U);
                      finished_by(other)(items, std::move(finish));
                    },
                    16),
                [](std::uint64_t) {}, {.workers = 2, .memory = 35});
  expect_counts(run, 300);
  EXPECT_LE(run.peak_memory, 35U);
}

TEST(async_spans, go_with_a_generator_that_fills) {
  for (const std::size_t max : {std::size_t{1}, std::size_t{5}, std::size_t{256}}) {
    elsewhere other(2);
    std::uint64_t letters = 0;
    const auto run = process(
        [next = 0](std::string& item) mutable {
          item.assign(static_cast<std::size_t>(next), 'x');
          return next++ < 200;
        },
        batched(
            [&](std::span<std::string> items, batch_completer<std::size_t> finish) {
              other.post([items, finish = std::move(finish)]() mutable {
                std::vector<std::size_t> lengths;
                for (const std::string& item : items) lengths.push_back(item.size());
                finish.succeed(std::move(lengths));
              });
            },
            max),
        [&](std::size_t length) { letters += length; }, {.workers = 2});
    expect_counts(run, 200);
    EXPECT_EQ(letters, 19'900U);
  }
}

TEST(async_spans, go_with_parts_on_threads_of_their_own) {
  for (const auto generator_on : {parwork::runs_on::own_thread, parwork::runs_on::caller}) {
    for (const auto collector_on : {parwork::runs_on::own_thread, parwork::runs_on::caller}) {
      elsewhere other(2);
      std::uint64_t sum = 0;
      const auto run = process(counted_items(300), batched(finished_by(other), 9),
                               [&](std::uint64_t id) { sum += id; },
                               {.workers = 2,
                                .order = ordering::input,
                                .generator_runs_on = generator_on,
                                .collector_runs_on = collector_on});
      expect_counts(run, 300);
      EXPECT_EQ(sum, 44'850U);
    }
  }
}

TEST(async_spans, go_with_loops_and_started_runs) {
  elsewhere other(2);
  std::uint64_t next = 0;
  for (auto& done : parwork::results(counted_items(200), batched(finished_by(other), 9),
                                     {.workers = 2, .order = ordering::input})) {
    EXPECT_EQ(done.index, next++);
    EXPECT_EQ(done.result.value(), done.index);
  }
  EXPECT_EQ(next, 200U);
  auto going = parwork::start(counted_items(200), batched(finished_by(other), 9),
                              [](std::uint64_t) {}, {.workers = 2});
  expect_counts(going.wait(), 200);
}

TEST(async_spans, a_paused_run_begins_no_span_and_collects_what_is_finished) {
  parwork::run_control control;
  std::vector<batch_completer<void>> held;
  tally begun, collected;
  auto going = parwork::start(numbers(40),
                              batched(
                                  [&](std::span<int> items, batch_completer<void> finish) {
                                    if (begun.value() == 0) {
                                      held.push_back(std::move(finish));
                                      control.pause();
                                    } else {
                                      finish.succeed();
                                    }
                                    begun.add(items.size());
                                  },
                                  4),
                              [&] { collected.add(); }, {.workers = 1, .control = &control});
  begun.wait_for(1);
  const std::uint64_t in_first = held[0].size();
  held[0].succeed();
  collected.wait_for(in_first);
  EXPECT_EQ(begun.value(), in_first);
  control.resume();
  expect_counts(going.wait(), 40);
}

TEST(async_spans, tell_their_progress) {
  elsewhere other;
  std::optional<parwork::progress> last;
  const auto run = process(counted_items(200), batched(finished_by(other), 9), [](std::uint64_t) {},
                           {.workers = 2, .on_progress = [&](const parwork::progress& now) {
                              EXPECT_LE(now.collected, now.produced);
                              last = now;
                            }});
  expect_counts(run, 200);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->collected, 200U);
}

TEST(async_spans, a_failure_is_thrown_where_the_collector_takes_results) {
  try {
    (void)process(numbers(10), batched([](std::span<int>, batch_completer<int>) {}), [](int) {},
                  {.workers = 1});
    FAIL() << "nothing was thrown";
  } catch (const parwork::item_failed& thrown) {
    EXPECT_EQ(thrown.index(), 0U);
    EXPECT_EQ(thrown.failure().kind(), failure_kind::abandoned);
  }
}

}  // namespace
