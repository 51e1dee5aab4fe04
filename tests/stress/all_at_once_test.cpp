// Items that wait for each other: as many as there are workers, so that every worker must come, and
// a wake-up that is lost even once leaves the run hanging.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <thread>

#include "parwork/parwork.hpp"
#include "support/rounds.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::ordering;
using parwork::pool;
using parwork::process;
using parwork::runs_on;

// Not on the caller, who works too: while its item waits, nothing is generated.
constexpr runs_on generator_places[] = {runs_on::workers, runs_on::own_thread};
constexpr runs_on collector_places[] = {runs_on::workers, runs_on::own_thread, runs_on::caller};

void expect_all_at_once(pool& threads, dice& roll, unsigned workers) {
  rendezvous all(workers);
  // How often the generator lets others go first: they look for work, and lie down, in between.
  const unsigned yields = roll.pick({0u, 20u, 50u, 100u});
  const auto run = process(
      [&, next = 0u]() mutable -> std::optional<unsigned> {
        if (roll.chance(yields)) std::this_thread::yield();
        return next < workers ? std::optional(next++) : std::nullopt;
      },
      [&](unsigned) { all.arrive_and_wait(); }, [](completion<unsigned, void>) {},
      {.workers = workers,
       .queue = workers + static_cast<std::size_t>(roll.below(3)),
       .order = roll.pick({ordering::completion, ordering::input}),
       .generator_runs_on = roll.pick(generator_places),
       .collector_runs_on = roll.pick(collector_places),
       .run_on = &threads});
  expect_counts(run, workers);
}

TEST(all_at_once, as_many_items_as_workers_run_together) {
  pool threads[] = {pool(1), pool(2), pool(3), pool(8)};
  play_rounds(2000, [&](dice& roll) {
    pool& chosen = threads[roll.below(std::size(threads))];
    const bool within_the_pool = roll.chance(50);
    const auto most = within_the_pool ? chosen.size() + 1 : 64;
    expect_all_at_once(chosen, roll, static_cast<unsigned>(2 + roll.below(most - 1)));
  });
}

}  // namespace
