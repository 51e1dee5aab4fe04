// Where every library of this kind has had its bugs: a blocked generator, a full queue, an
// exception, a cancellation, the last item. Small runs, in every combination of where and when.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/elsewhere.hpp"
#include "support/rounds.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using parwork::completer;
using parwork::completion;
using parwork::context;
using parwork::failure_policy;
using parwork::options;
using parwork::ordering;
using parwork::process;
using parwork::runs_on;

class bug_cluster : public leak_check {};

enum class event { none, generator_throws, collector_throws, token, failure_stops };

struct broke : std::runtime_error {
  broke() : runtime_error("broke") {}
};

/// One small run in which `what` happens at item `when`.
void run_with_event(const options& given, std::uint64_t count, event what, std::uint64_t when) {
  std::stop_source stop;
  options chosen = given;
  chosen.stop = stop.get_token();
  if (what == event::failure_stops) chosen.on_failure = failure_policy::stop;
  std::uint64_t taken = 0;
  std::set<std::uint64_t> collected;
  bool threw = false;
  std::optional<parwork::summary> run;
  try {
    run = process(
        [&]() -> std::optional<counted> {
          if (what == event::generator_throws && taken == when) throw broke();
          return taken < count ? std::optional(counted(taken++)) : std::nullopt;
        },
        [&](const counted& item) {
          if (item.id() != when) return;
          if (what == event::token) stop.request_stop();
          if (what == event::failure_stops) throw broke();
        },
        [&](completion<counted, void> done) {
          EXPECT_TRUE(collected.insert(done.item.id()).second) << "arrived twice";
          if (chosen.order == ordering::input) {
            EXPECT_EQ(done.index + 1, collected.size());
          }
          if (what == event::collector_throws && collected.size() == when + 1) throw broke();
        },
        chosen);
  } catch (const broke&) {
    threw = true;
  }
  EXPECT_EQ(threw, (what == event::generator_throws && when <= count) ||
                       (what == event::collector_throws && when < count));
  if (what != event::collector_throws) {
    EXPECT_EQ(collected.size(), taken);
  }
  if (run) expect_consistent(*run, chosen);
}

TEST_F(bug_cluster, every_event_at_every_edge_in_every_place) {
  constexpr runs_on places[] = {runs_on::workers, runs_on::own_thread, runs_on::caller};
  constexpr event events[] = {event::none, event::generator_throws, event::collector_throws,
                              event::token, event::failure_stops};
  for (const unsigned workers : runs_slowly ? std::vector{2u} : std::vector{1u, 2u, 4u}) {
    for (const std::uint64_t queue : {1u, 2u, 7u}) {
      const std::uint64_t count = 3 * queue;
      for (const auto order : {ordering::completion, ordering::input}) {
        for (const auto generator : places) {
          for (const auto collector : places) {
            const options chosen{.workers = workers,
                                 .queue = queue,
                                 .order = order,
                                 .generator_runs_on = generator,
                                 .collector_runs_on = collector};
            for (const event what : events) {
              for (const std::uint64_t when :
                   std::set<std::uint64_t>{0, queue - 1, queue, queue + 1, count - 1, count}) {
                SCOPED_TRACE(testing::Message()
                             << "workers " << workers << ", queue " << queue << ", order "
                             << static_cast<int>(order) << ", generator on "
                             << static_cast<int>(generator) << ", collector on "
                             << static_cast<int>(collector) << ", event " << static_cast<int>(what)
                             << " at " << when);
                run_with_event(chosen, count, what, when);
                ASSERT_EQ(counted::live(), 0);
                if (HasFailure()) return;
              }
            }
          }
        }
      }
    }
  }
}

options rolled_options(dice& roll) {
  constexpr unsigned workers[] = {1, 2, 3, 4, 8};
  constexpr std::size_t queues[] = {1, 2, 3, 7, 400};
  constexpr runs_on places[] = {runs_on::workers, runs_on::workers, runs_on::own_thread,
                                runs_on::caller};
  return {.workers = roll.pick(workers),
          .queue = roll.pick(queues),
          .order = roll.chance(50) ? ordering::input : ordering::completion,
          .generator_runs_on = roll.pick(places),
          .collector_runs_on = roll.pick(places)};
}

TEST_F(bug_cluster, a_generator_that_blocks_on_input_and_is_stopped) {
  play_rounds(1000, [](dice& roll) {
    std::stop_source stop;
    auto chosen = rolled_options(roll);
    chosen.stop = stop.get_token();
    const std::uint64_t available = roll.below(20);
    gate blocked;
    std::jthread stopper([&] {
      blocked.wait();
      stop.request_stop();
    });
    std::uint64_t collected = 0;
    const auto run = process(
        [&, next = std::uint64_t{0}]() mutable -> std::optional<counted> {
          if (next < available) return counted(next++);
          blocked.open();
          wait_for_stop(stop.get_token());
          return std::nullopt;
        },
        [](const counted&) {}, [&](completion<counted, void>) { ++collected; }, chosen);
    expect_consistent(run, chosen);
    EXPECT_EQ(run.produced, available);
    EXPECT_EQ(collected, available);
  });
}

TEST_F(bug_cluster, ping_pong_loses_no_wake_up) {
  play_rounds(500, [](dice& roll) {
    auto chosen = rolled_options(roll);
    chosen.workers += 1;
    // The caller may be the one that is blocked in the generator.
    if (chosen.collector_runs_on == runs_on::caller) chosen.generator_runs_on = runs_on::own_thread;
    const std::uint64_t stride = 1 + roll.below(std::min<std::uint64_t>(chosen.queue, 10));
    tally collected;
    const auto run = process(
        [&, next = std::uint64_t{0}]() mutable -> std::optional<counted> {
          if (next % stride == 0) collected.wait_for(next);  // all before have arrived
          if (next == 20 * stride) return std::nullopt;
          return counted(next++);
        },
        [](const counted&) {}, [&](completion<counted, void>) { collected.add(); }, chosen);
    EXPECT_EQ(run.succeeded, 20 * stride);
  });
}

TEST_F(bug_cluster, tiny_runs_from_several_threads_on_a_shared_pool) {
  parwork::pool shared(2);
  play_rounds(60, [&](dice& roll) {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 3; ++caller) {
      auto chosen = rolled_options(roll);
      chosen.run_on = &shared;
      const std::uint64_t count = roll.below(4);
      const auto breaks_at = roll.below(8);
      callers.emplace_back([chosen, count, breaks_at] {
        for (int run = 0; run < 20; ++run) {
          std::uint64_t collected = 0;
          try {
            (void)process(
                counted_items(count),
                [&](const counted& item) {
                  if (item.id() == breaks_at) throw broke();
                },
                [&] { ++collected; }, chosen);
            EXPECT_EQ(collected, count);
          } catch (const broke&) {
            EXPECT_LT(breaks_at, count);
          }
        }
      });
    }
  });
}

TEST_F(bug_cluster, the_last_item_is_finished_elsewhere_while_the_generator_ends) {
  elsewhere other(2);
  play_rounds(3000, [&](dice& roll) {
    const auto chosen = rolled_options(roll);
    const std::uint64_t count = 1 + roll.below(4);
    const bool abandoned = roll.chance(30);
    std::uint64_t collected = 0;
    const auto run = process(
        counted_items(count),
        [&](const counted& item, completer<std::uint64_t> finish) {
          const std::uint64_t id = item.id();
          other.post([=, finish = std::move(finish)]() mutable {
            if (!abandoned) finish.succeed(id);
          });
        },
        [&](completion<counted, std::uint64_t> done) {
          EXPECT_EQ(done.result.has_value(), !abandoned);
          ++collected;
        },
        chosen);
    EXPECT_EQ(run.produced, count);
    EXPECT_EQ(collected, count);
  });
}

TEST_F(bug_cluster, a_retry_becomes_due_while_the_run_is_stopped) {
  play_rounds(2000, [](dice& roll) {
    std::stop_source stop;
    auto chosen = rolled_options(roll);
    chosen.stop = stop.get_token();
    chosen.retry.max_attempts = 100;
    chosen.retry.backoff = std::chrono::microseconds(roll.below(100));
    chosen.retry.multiplier = 1.0;
    const std::uint64_t stop_at = 1 + roll.below(30);
    std::atomic<std::uint64_t> attempts = 0;
    std::uint64_t collected = 0;
    const auto run = process(
        counted_items(20),
        [&](const counted&) {
          if (++attempts == stop_at) stop.request_stop();
          throw broke();
        },
        [&](completion<counted, void> done) {
          EXPECT_FALSE(done.result);
          ++collected;
        },
        chosen);
    expect_consistent(run, chosen);
    EXPECT_TRUE(run.stopped);
    EXPECT_EQ(collected, run.produced);
    if (chosen.order == parwork::ordering::completion) {
      EXPECT_EQ(run.retries + run.failed, attempts);
    } else {  // what failed behind a cancelled item is cancelled, too
      EXPECT_LE(run.retries + run.failed, attempts);
    }
  });
}

TEST_F(bug_cluster, deadlines_pass_while_attempts_end) {
  play_rounds(400, [](dice& roll) {
    auto chosen = rolled_options(roll);
    chosen.timeout = std::chrono::microseconds(20 + roll.below(100));
    const unsigned waiting = static_cast<unsigned>(roll.below(60));
    const std::uint64_t seed = roll.seed();
    std::uint64_t collected = 0;
    const auto run = process(
        counted_items(40),
        [&](const counted& item, context& ctx) {
          const auto token = ctx.stop_token();
          if ((item.id() * 7919 + seed) % 100 < waiting) wait_for_stop(token);
        },
        [&](completion<counted, void> done) {
          if (!done.result) {
            EXPECT_EQ(done.result.error().kind(), parwork::failure_kind::timeout);
          }
          ++collected;
        },
        chosen);
    expect_consistent(run, chosen);
    EXPECT_EQ(collected, 40u);
    EXPECT_EQ(run.produced, 40u);
    EXPECT_FALSE(run.stopped);
  });
}

TEST_F(bug_cluster, trees_of_spawned_items_are_stolen_and_stopped) {
  play_rounds(400, [](dice& roll) {
    std::stop_source stop;
    auto chosen = rolled_options(roll);
    chosen.order = ordering::completion;
    chosen.stop = stop.get_token();
    const std::uint64_t depth = roll.below(10);
    const std::uint64_t stop_at = roll.chance(30) ? 1 + roll.below(500) : 0;
    std::atomic<std::uint64_t> worked = 0;
    std::uint64_t collected = 0;
    const auto run = process(
        [given = false, depth]() mutable -> std::optional<counted> {
          if (std::exchange(given, true)) return std::nullopt;
          return counted(depth);
        },
        [&](const counted& node, context& ctx) {
          if (++worked == stop_at) stop.request_stop();
          for (int child = 0; node.id() > 0 && child < 2; ++child) {
            ctx.spawn(counted(node.id() - 1));
          }
        },
        [&](completion<counted, void>) { ++collected; }, chosen);
    expect_consistent(run, chosen);
    EXPECT_EQ(collected, run.produced);
    if (stop_at == 0) {
      EXPECT_EQ(run.succeeded, (std::uint64_t{2} << depth) - 1);
    }
  });
}

long nested_sum(int depth, int breadth, unsigned workers) {
  if (depth == 0) return 1;
  long sum = 0;
  const auto run = process(
      numbers(breadth), [&](int) { return nested_sum(depth - 1, breadth, workers); },
      [&](long part) { sum += part; }, {.workers = workers, .queue = 2});
  EXPECT_EQ(run.succeeded, static_cast<std::uint64_t>(breadth));
  return sum;
}

TEST_F(bug_cluster, runs_within_runs_from_several_threads) {
  parwork::pool shared(2);
  play_rounds(20, [&](dice& roll) {
    const auto workers = static_cast<unsigned>(roll.below(5));
    const int depth = 1 + static_cast<int>(roll.below(4));
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 3; ++caller) {
      callers.emplace_back([&, depth, workers] {
        long sum = 0;
        const auto run = process(
            numbers(3), [&](int) { return nested_sum(depth, 3, workers); },
            [&](long part) { sum += part; }, {.run_on = &shared});
        EXPECT_EQ(run.succeeded, 3u);
        long expected = 3;
        for (int level = 0; level < depth; ++level) expected *= 3;
        EXPECT_EQ(sum, expected);
      });
    }
  });
}

}  // namespace
