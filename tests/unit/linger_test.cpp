// batched with a linger: spans that wait for more items.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::batch_options;
using parwork::batched;
using parwork::completion;
using parwork::ordering;
using parwork::process;
using parwork::runs_on;

constexpr auto linger_for_ever = 24h;

/// Work that doubles, and notes how long its spans were.
class linger_spans {
 public:
  auto work() {
    return [this](std::span<int> items) {
      std::vector<int> results;
      for (const int item : items) results.push_back(2 * item);
      const std::lock_guard guard(lock_);
      lengths_.push_back(items.size());
      return results;
    };
  }
  std::size_t count() const { return lengths_.size(); }
  std::size_t of_length(std::size_t items) const {
    return static_cast<std::size_t>(std::count(lengths_.begin(), lengths_.end(), items));
  }
  std::size_t longest() const { return *std::max_element(lengths_.begin(), lengths_.end()); }

 private:
  std::mutex lock_;
  std::vector<std::size_t> lengths_;
};

struct linger_case {
  unsigned workers;
  runs_on generator;
  ordering order;
};

std::vector<linger_case> linger_cases(unsigned least_workers) {
  std::vector<linger_case> all;
  for (const unsigned workers : {1U, 2U, 4U}) {
    if (workers < least_workers) continue;
    for (const runs_on where : {runs_on::workers, runs_on::own_thread, runs_on::caller}) {
      for (const ordering order : {ordering::completion, ordering::input}) {
        all.push_back({workers, where, order});
      }
    }
  }
  return all;
}

parwork::options options_of(const linger_case& which, std::size_t queue) {
  parwork::options chosen{.workers = which.workers, .queue = queue, .order = which.order};
  chosen.generator_runs_on = which.generator;
  return chosen;
}

class lingering_run : public leak_check {};

TEST_F(lingering_run, every_span_but_the_last_is_full) {
  for (const auto& which : linger_cases(1)) {
    linger_spans spans;
    gathered<int, int> done;
    const auto run =
        process(numbers(1000), batched(spans.work(), {.max = 64, .linger = linger_for_ever}),
                done.collector(), options_of(which, 2000));
    expect_counts(run, 1000);
    EXPECT_TRUE(done.has_every_index_once());
    for (const auto& one : done) EXPECT_EQ(one.result.value(), 2 * one.item);
    EXPECT_EQ(spans.count(), 16U);
    EXPECT_EQ(spans.of_length(64), 15U);
    EXPECT_EQ(spans.of_length(1000 % 64), 1U);
    if (which.order == ordering::input) {
      EXPECT_TRUE(done.is_in_input_order());
    }
  }
}

// The generator blocks for longer than any span needs: each call waits until what came before has
// been collected. It would for ever, if a wait did not end.
TEST_F(lingering_run, the_wait_ends_while_the_generator_blocks) {
  for (const auto& which : linger_cases(2)) {
    for (const int a_burst : {1, 3}) {
      linger_spans spans;
      tally collected;
      const auto run = process(
          [&, next = 0]() mutable -> std::optional<int> {
            if (next % a_burst == 0) collected.wait_for(static_cast<std::uint64_t>(next));
            return next < 30 ? std::optional(next++) : std::nullopt;
          },
          batched(spans.work(), {.max = 64, .linger = 200us}),
          [&](completion<int, int>) { collected.add(); }, options_of(which, 100));
      expect_counts(run, 30);
      EXPECT_LE(spans.longest(), static_cast<std::size_t>(a_burst));
    }
  }
}

TEST_F(lingering_run, one_worker_is_enough_beside_a_generator_with_a_thread_of_its_own) {
  linger_spans spans;
  tally collected;
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        collected.wait_for(static_cast<std::uint64_t>(next));
        return next < 30 ? std::optional(next++) : std::nullopt;
      },
      batched(spans.work(), {.linger = 200us}), [&](completion<int, int>) { collected.add(); },
      {.workers = 1, .generator_runs_on = runs_on::own_thread});
  expect_counts(run, 30);
}

// What came in the meantime waits anew, in a batch of its own: thieves have had what was before it.
TEST_F(lingering_run, a_span_behind_one_that_was_taken_may_be_full_again) {
  for (const auto& which : linger_cases(2)) {
    linger_spans spans;
    tally collected;
    gathered<int, int> done;
    const auto gather = done.collector();
    const auto run = process(
        [&, next = 0]() mutable -> std::optional<int> {
          if (next == 3) collected.wait_for(3);
          return next < 3 + 16 ? std::optional(next++) : std::nullopt;
        },
        batched(spans.work(), {.max = 16, .linger = 20ms}),
        [&](completion<int, int> one) {
          gather(std::move(one));
          collected.add();
        },
        options_of(which, 100));
    expect_counts(run, 19);
    EXPECT_TRUE(done.has_every_index_once());
    if (which.order == ordering::input) {
      EXPECT_TRUE(done.is_in_input_order());
    }
  }
}

TEST_F(lingering_run, the_end_of_the_generator_ends_the_wait) {
  for (const auto& which : linger_cases(1)) {
    linger_spans spans;
    const auto run = process(
        numbers(3), batched(spans.work(), {.linger = linger_for_ever}), [](completion<int, int>) {},
        options_of(which, 0));
    expect_counts(run, 3);
    EXPECT_EQ(spans.count(), 1U);
  }
}

TEST_F(lingering_run, an_exception_of_the_generator_ends_the_wait) {
  for (const auto& which : linger_cases(1)) {
    linger_spans spans;
    std::size_t collected = 0;
    EXPECT_THROW((void)process(
                     [next = 0]() mutable -> std::optional<int> {
                       if (next == 3) throw std::out_of_range("three");
                       return next++;
                     },
                     batched(spans.work(), {.linger = linger_for_ever}),
                     [&](completion<int, int>) { ++collected; }, options_of(which, 0)),
                 std::out_of_range);
    EXPECT_EQ(collected, 3U);
    EXPECT_EQ(spans.count(), 1U);
  }
}

TEST_F(lingering_run, a_full_queue_ends_the_wait) {
  for (const auto& which : linger_cases(1)) {
    for (const std::size_t queue : {std::size_t{1}, std::size_t{5}}) {
      linger_spans spans;
      const auto run = process(
          numbers(100), batched(spans.work(), {.linger = linger_for_ever}),
          [](completion<int, int>) {}, options_of(which, queue));
      expect_counts(run, 100);
      EXPECT_LE(spans.longest(), queue);
      EXPECT_LE(run.peak_in_flight, queue);
    }
  }
}

TEST_F(lingering_run, full_memory_ends_the_wait) {
  for (const auto& which : linger_cases(1)) {
    linger_spans spans;
    auto chosen = options_of(which, 0);
    chosen.memory = 5;
    const auto run = process(
        parwork::weighed(numbers(100), [](const int&) { return std::size_t{1}; }),
        batched(spans.work(), {.linger = linger_for_ever}), [](completion<int, int>) {}, chosen);
    expect_counts(run, 100);
    EXPECT_LE(spans.longest(), 5U);
    EXPECT_EQ(run.peak_memory, 5U);
  }
}

// The generator blocks until its items have come back as cancelled.
TEST_F(lingering_run, a_stop_ends_the_wait) {
  for (const auto& which : linger_cases(2)) {
    std::stop_source stop;
    auto chosen = options_of(which, 0);
    chosen.stop = stop.get_token();
    linger_spans spans;
    tally collected;
    const auto run = process(
        [&, next = 0]() mutable -> std::optional<int> {
          if (next < 3) return next++;
          stop.request_stop();
          collected.wait_for(3);
          return std::nullopt;
        },
        batched(spans.work(), {.linger = linger_for_ever}),
        [&](completion<int, int> one) {
          EXPECT_FALSE(one.result);
          collected.add();
        },
        chosen);
    EXPECT_TRUE(run.stopped);
    expect_counts(run, 0, 0, 3);
    EXPECT_EQ(spans.count(), 0U);
  }
}

TEST_F(lingering_run, a_collector_that_throws_ends_the_wait) {
  for (const auto& which : linger_cases(2)) {
    gate has_thrown;
    EXPECT_THROW(
        (void)process(
            [&, next = std::uint64_t{0}]() mutable -> std::optional<counted> {
              if (next == 6) has_thrown.wait();
              return next < 10 ? std::optional<counted>(next++) : std::nullopt;
            },
            batched([](std::span<counted> items) { return std::vector<int>(items.size()); },
                    {.max = 4, .linger = linger_for_ever}),
            [&](int) {
              has_thrown.open();
              throw std::out_of_range("first");
            },
            options_of(which, 100)),
        std::out_of_range);
  }
}

// Another thread pauses the run while items wait, and resumes it: their wait ends in the pause or
// behind it.
TEST_F(lingering_run, what_waits_goes_on_behind_a_pause) {
  for (const auto& which : linger_cases(1)) {
    parwork::run_control control;
    auto chosen = options_of(which, 0);
    chosen.control = &control;
    linger_spans spans;
    gate is_paused;
    std::jthread other([&] {
      is_paused.wait();
      control.resume();
    });
    const auto run = process(
        [&, next = 0]() mutable -> std::optional<int> {
          if (next == 3) {
            control.pause();
            is_paused.open();
          }
          return next < 10 ? std::optional(next++) : std::nullopt;
        },
        batched(spans.work(), {.linger = 1ms}), [](completion<int, int>) {}, chosen);
    expect_counts(run, 10);
  }
}

TEST_F(lingering_run, items_of_a_failed_span_are_tried_again_without_a_wait) {
  for (const auto& which : linger_cases(1)) {
    auto chosen = options_of(which, 100);
    chosen.retry.max_attempts = 3;
    std::atomic<int> calls = 0;
    gathered<int, int> done;
    const auto run = process(numbers(8),
                             batched(
                                 [&](std::span<int> items) {
                                   if (calls++ == 0) throw std::runtime_error("again");
                                   return std::vector<int>(items.begin(), items.end());
                                 },
                                 {.max = 8, .linger = linger_for_ever}),
                             done.collector(), chosen);
    expect_counts(run, 8);
    EXPECT_EQ(run.retries, 8U);
    EXPECT_EQ(calls.load(), 9);
  }
}

TEST_F(lingering_run, a_split_range_has_all_items_at_once) {
  std::vector<int> items(1000);
  linger_spans spans;
  const auto run =
      process(parwork::split(items), batched(spans.work(), {.linger = linger_for_ever}),
              [](completion<int, int>) {});
  expect_counts(run, 1000);
}

TEST_F(lingering_run, a_reduction_gets_full_spans) {
  linger_spans spans;
  auto sum = parwork::reduce(
      0L, [](long& into, int result) { into += result; },
      [](long& into, long other) { into += other; });
  const auto run =
      process(numbers(1000), batched(spans.work(), {.max = 100, .linger = linger_for_ever}), sum,
              {.workers = 4, .queue = 2000});
  expect_counts(run, 1000);
  EXPECT_EQ(sum.value(), 999'000L);
  EXPECT_EQ(spans.of_length(100), 10U);
}

TEST_F(lingering_run, a_recorder_counts_each_item_as_pulled_once) {
  linger_spans spans;
  parwork::recorder record;
  tally collected;
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<int> {
        if (next % 3 == 0) collected.wait_for(static_cast<std::uint64_t>(next));
        return next < 30 ? std::optional(next++) : std::nullopt;
      },
      batched(spans.work(), {.linger = 200us}), [&](completion<int, int>) { collected.add(); },
      {.workers = 3, .record = &record});
  expect_counts(run, 30);
}

TEST_F(lingering_run, slots_that_are_filled_again_keep_their_memory_through_it) {
  for (const auto& which : linger_cases(2)) {
    tally collected;
    std::vector<std::string> seen;
    const auto run = process(
        [&, next = 0](std::string& item) mutable {
          if (next % 5 == 0) collected.wait_for(static_cast<std::uint64_t>(next));
          if (next == 40) return false;
          item.assign(40, static_cast<char>('a' + next++ % 26));
          return true;
        },
        batched(
            [](std::span<std::string> items) {
              return std::vector<std::string>(items.begin(), items.end());
            },
            {.max = 8, .linger = 200us}),
        [&](std::string text) {
          seen.push_back(std::move(text));
          collected.add();
        },
        options_of(which, 0));
    expect_counts(run, 40);
    for (const auto& text : seen) EXPECT_EQ(text, std::string(40, text.at(0)));
  }
}

TEST_F(lingering_run, results_that_the_generator_knew_have_a_place_in_their_span) {
  linger_spans spans;
  gathered<int, int> done;
  const auto run = process(
      [next = 0]() mutable -> std::optional<parwork::prefinished<int, int>> {
        if (next == 20) return std::nullopt;
        const int item = next++;
        if (item % 4 != 0) return parwork::prefinished<int, int>{item};
        return parwork::prefinished<int, int>{item, 2 * item};
      },
      batched(spans.work(), {.max = 10, .linger = linger_for_ever}), done.collector(),
      {.workers = 2});
  expect_counts(run, 20);
  EXPECT_TRUE(done.has_every_index_once());
  for (const auto& one : done) EXPECT_EQ(one.result.value(), 2 * one.item);
}

TEST_F(lingering_run, a_stream_that_stutters_loses_nothing) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const auto& which : linger_cases(2)) {
    tally collected;
    std::vector<std::uint64_t> order;
    const auto run = process(
        [&, next = std::uint64_t{0}]() mutable -> std::optional<counted> {
          if (random() % 7 == 0) collected.wait_for(next);
          return next < 300 ? std::optional<counted>(next++) : std::nullopt;
        },
        batched(
            [](std::span<counted> items) {
              std::vector<std::uint64_t> ids;
              for (const counted& item : items) ids.push_back(item.id());
              return ids;
            },
            {.max = 4, .linger = 20us}),
        [&](std::uint64_t id) {
          order.push_back(id);
          collected.add();
        },
        options_of(which, 10));
    expect_counts(run, 300);
    EXPECT_EQ(counted::copies(), 0);
    if (which.order == ordering::input) {
      EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    }
  }
}

TEST(lingering_options, what_makes_no_sense_is_refused_by_name) {
  const auto message = [](batch_options how) {
    try {
      (void)batched([](std::span<int> items) { return std::vector<int>(items.size()); }, how);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message({.linger = -1ns}).find("linger must be 0 or more, it is -1 ns"),
            std::string::npos);
  EXPECT_NE(message({.max = 0}).find("max must be 1 to 65536, it is 0"), std::string::npos);
  EXPECT_NE(message({.max = 65'537}).find("it is 65537"), std::string::npos);
  EXPECT_EQ(message({}), "");
}

}  // namespace
