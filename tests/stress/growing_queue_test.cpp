// Queues that grow while they are used: automatic ones, of items whose memory is known.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/rounds.hpp"
#include "support/runs.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::ordering;
using parwork::runs_on;

parwork::options growing_options(dice& roll) {
  constexpr unsigned workers[] = {1, 2, 2, 3, 8};
  constexpr runs_on places[] = {runs_on::workers, runs_on::workers, runs_on::own_thread,
                                runs_on::caller};
  return {.workers = roll.pick(workers),
          .order = roll.chance(70) ? ordering::input : ordering::completion,
          .retry = {.max_attempts = roll.chance(30) ? 2U : 1U},
          .generator_runs_on = roll.pick(places),
          .collector_runs_on = roll.pick(places)};
}

// Some items are slow, so that they hold back those behind them, and some are tried again. The run
// may be paused, and stopped.
TEST(growing_queue, keeps_every_promise_while_it_grows) {
  std::size_t longest = 0;
  play_rounds(300, [&](dice& roll) {
    std::stop_source stop;
    parwork::run_control control;
    auto chosen = growing_options(roll);
    chosen.stop = stop.get_token();
    chosen.control = &control;
    const std::uint64_t count = roll.below(20'000);
    const std::uint64_t stop_at = roll.chance(20) ? roll.below(count + 1) : count;
    const std::uint64_t slow = 1 + roll.below(3000);
    const std::uint64_t pause_at = roll.chance(30) ? roll.below(count + 1) : count;
    std::vector<std::uint8_t> seen(count, 0);
    std::uint64_t next_index = 0;
    std::atomic<std::uint64_t> taken = 0;
    std::atomic<std::uint64_t> collected = 0;
    std::atomic<std::uint64_t> most = 0;
    const std::jthread resuming([&](const std::stop_token& over) {
      while (!over.stop_requested()) {
        control.resume();
        std::this_thread::yield();
      }
    });
    const auto run = parwork::process(
        [&]() -> std::optional<std::uint64_t> {
          const std::uint64_t id = taken.load();
          if (id == count) return std::nullopt;
          ++taken;
          most = std::max(most.load(), id + 1 - collected.load());
          return id;
        },
        [&](std::uint64_t id, parwork::context& about) {
          if (id == stop_at) stop.request_stop();
          if (id == pause_at) control.pause();
          for (int i = 0; id % slow == 0 && i < 20; ++i) std::this_thread::yield();
          if (id % 7 == 0 && about.attempt() < chosen.retry.max_attempts) throw 42;
          return id;
        },
        [&](const completion<std::uint64_t, std::uint64_t>& done) {
          ++seen.at(done.item);
          if (chosen.order == ordering::input) {
            EXPECT_EQ(done.index, next_index);
          }
          ++next_index;
          ++collected;
        },
        chosen);
    EXPECT_EQ(run.produced, taken);
    EXPECT_EQ(run.produced, run.succeeded + run.failed + run.cancelled);
    EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(seen, 1)), run.produced);
    EXPECT_LE(run.peak_in_flight, run.queue);
    EXPECT_LE(most, run.queue);
    if (!run.stopped) {
      EXPECT_EQ(run.succeeded, count);
    }
    longest = std::max(longest, run.queue);
  });
  testing::Test::RecordProperty("longest", std::to_string(longest));
}

}  // namespace
