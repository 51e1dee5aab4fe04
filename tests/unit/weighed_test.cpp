// Items with weights, and a bound on the weighed_memory in flight.
#include "parwork/weighed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <ranges>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/relaxed.hpp"
#include "support/runs.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::context;
using parwork::ordering;
using parwork::process;
using parwork::runs_on;
using parwork::weighed;

constexpr std::uint64_t weighed_memory = 100;

// From 0 to 99, with an item now and then that is heavier than all
// weighed_memory.
std::size_t weight_of_id(std::uint64_t id) {
  return id % 97 == 96 ? 250 : static_cast<std::size_t>(id * 37 % 100);
}
constexpr auto counted_weight = [](const counted& item) { return weight_of_id(item.id()); };

// What is in flight, as work and collector see it.
class scales {
 public:
  void add(std::uint64_t id) {
    const auto item = static_cast<std::int64_t>(weight_of_id(id));
    const std::int64_t all = in_flight_.add(item);
    EXPECT_TRUE(all <= static_cast<std::int64_t>(weighed_memory) || all == item) << all;
  }
  void remove(std::uint64_t id) { in_flight_.add(-static_cast<std::int64_t>(weight_of_id(id))); }

 private:
  relaxed<std::int64_t> in_flight_ = 0;
};

class weighed_leak : public leak_check {};
class weighed_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, weighed_sweep, sweep_values(), sweep_name);

parwork::summary run_weighed(std::uint64_t count, parwork::options given) {
  scales on;
  given.memory = weighed_memory;
  std::vector<int> seen(count, 0);
  std::uint64_t last = 0;
  const auto run = process(
      weighed(counted_items(count), counted_weight),
      [&](const counted& item, context& about) {
        if (about.attempt() == 1) on.add(item.id());
        if (item.id() % 10 < about.attempt()) return item.id();
        if (item.id() % 3 == 0) throw std::runtime_error("again");
        return item.id();
      },
      [&](const completion<counted, std::uint64_t>& done) {
        EXPECT_EQ(done.item.id(), done.index);
        if (given.order == ordering::input) {
          EXPECT_EQ(done.index, last++);
        }
        ++seen.at(done.index);
        on.remove(done.index);
      },
      given);
  EXPECT_EQ(run.produced, count);
  EXPECT_EQ(seen, std::vector<int>(count, 1));
  EXPECT_LE(run.peak_memory, count > 96 ? 250U : weighed_memory);
  EXPECT_GE(run.peak_memory, std::min<std::uint64_t>(count - 1, 37));
  return run;
}

TEST_P(weighed_sweep, never_exceed_memory_nor_queue) {
  for (const auto order : {ordering::completion, ordering::input}) {
    auto given = options();
    given.order = order;
    EXPECT_LE(run_weighed(500, given).peak_in_flight, queue());
  }
}

TEST_F(weighed_leak, hold_with_threads_of_their_own_and_with_retries) {
  for (const auto order : {ordering::completion, ordering::input}) {
    for (const auto generator_on : {runs_on::workers, runs_on::own_thread, runs_on::caller}) {
      for (const auto collector_on : {runs_on::workers, runs_on::own_thread, runs_on::caller}) {
        const auto run = run_weighed(300, {.workers = 3,
                                           .order = order,
                                           .retry = {.max_attempts = 3, .backoff = 10us},
                                           .generator_runs_on = generator_on,
                                           .collector_runs_on = collector_on});
        EXPECT_GT(run.retries, 0U);
      }
    }
  }
}

TEST_F(weighed_leak, one_that_is_heavier_than_memory_runs_alone) {
  relaxed<int> inside = 0;
  const auto run = process(
      weighed(counted_items(200), [](const counted&) { return weighed_memory + 1; }),
      [&](const counted&) { EXPECT_EQ(inside.add(1), 1); }, [&] { inside.add(-1); },
      {.workers = 4, .memory = weighed_memory});
  expect_counts(run, 200);
  EXPECT_EQ(run.peak_memory, weighed_memory + 1);
  EXPECT_EQ(run.peak_in_flight, 1U);
}

TEST_F(weighed_leak, fill_memory_where_they_can) {
  std::uint64_t asked = 0;
  const auto run = process(
      weighed(counted_items(50),
              [&](const counted&) {
                ++asked;
                return 10;
              }),
      [](const counted&) {}, [] {}, {.workers = 1, .queue = 1000, .memory = weighed_memory});
  expect_counts(run, 50);
  EXPECT_EQ(asked, 50U) << "once an item";
  EXPECT_LE(run.peak_memory, weighed_memory);
  EXPECT_LE(run.peak_in_flight, 10U);
  // With one worker: else weights and items are given back at different moments.
  const auto unbound = process(
      weighed(counted_items(50), [](const counted&) { return 10; }), [](const counted&) {}, [] {},
      {.workers = 1});
  expect_counts(unbound, 50);
  EXPECT_EQ(unbound.peak_memory, 10 * unbound.peak_in_flight);
}

TEST(weighed_items, without_a_weight_memory_is_refused) {
  try {
    static_cast<void>(process(numbers(3), [](int) {}, [] {}, {.memory = 10}));
    ADD_FAILURE() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("weighed"), std::string::npos) << error.what();
  }
  EXPECT_EQ(process(numbers(3), [](int) {}, [] {}).peak_memory, 0U);
  EXPECT_THROW(static_cast<void>(weighed(numbers(3), std::function<std::size_t(int)>())),
               std::invalid_argument);
  EXPECT_THROW(
      static_cast<void>(weighed(std::function<std::optional<int>()>(), [](int) { return 1; })),
      std::invalid_argument);
}

// --- Of other generators ---

template <class Generator>
void expect_all_weighed(Generator&& generator, std::uint64_t count) {
  std::uint64_t collected = 0;
  const auto run = process(
      std::forward<Generator>(generator), [](const auto&) {}, [&](auto&&) { ++collected; },
      {.workers = 3, .memory = 5, .order = ordering::input});
  expect_counts(run, count);
  EXPECT_EQ(collected, count);
  EXPECT_LE(run.peak_memory, 5U);
  EXPECT_GT(run.peak_memory, 0U);
}

TEST(weighed_items, are_of_any_generator_but_split) {
  const auto three = [](const auto&) { return std::size_t{3}; };
  std::vector<int> list{1, 2, 3, 4};
  expect_all_weighed(weighed(list, three), 4);
  expect_all_weighed(weighed(std::vector{1, 2}, three), 2);
  expect_all_weighed(weighed(list | std::views::drop(1), three), 3);
  expect_all_weighed(weighed(parwork::refs(list), three), 4);
  expect_all_weighed(weighed(parwork::chunks(list, 3), three), 2);
  expect_all_weighed(weighed(parwork::paced(list, 1e9), three), 4);
  expect_all_weighed(weighed(parwork::prioritized(list, std::negate<>()), three), 4);
  expect_all_weighed(weighed(
                         [left = 100](std::string& text) mutable {
                           text = "a line that is longer than a short string";
                           return left-- > 0;
                         },
                         three),
                     100);
  auto kept = weighed(list, three);
  expect_all_weighed(kept, 4);
  expect_all_weighed(kept, 4);
  EXPECT_EQ(list, (std::vector{1, 2, 3, 4}));
}

TEST(weighed_items, may_be_finished_already) {
  using known = parwork::prefinished<int, int>;
  std::vector<known> items;
  for (int i = 0; i < 50; ++i) {
    items.push_back({i});
    if (i % 2 == 0) items.back().outcome = -1;
  }
  const auto run = process(
      weighed(items, [](int item) { return static_cast<std::size_t>(item); }),
      [](int item) { return item; },
      [](const completion<int, int>& done) {
        EXPECT_EQ(*done.result, done.item % 2 == 0 ? -1 : done.item);
      },
      {.workers = 2, .memory = 60});
  expect_counts(run, 50);
}

// --- With other forms of work ---

TEST_F(weighed_leak, go_with_spawned_items_which_weigh_nothing) {
  const auto work = [](const counted& item, context& about) {
    if (item.id() < 100) about.spawn(counted(item.id() + 100));
    return item.id();
  };
  auto sum = parwork::reduce(std::uint64_t{0}, std::plus<>(), std::plus<>());
  const auto ten = [](const counted&) { return 10; };
  auto run = process(weighed(counted_items(100), ten), work, sum, {.workers = 3, .memory = 25});
  expect_counts(run, 200);
  EXPECT_EQ(sum.value(), 19'900U);
  EXPECT_LE(run.peak_memory, 20U);
  std::uint64_t collected = 0;
  run = process(weighed(counted_items(100), ten), work,
                [&](const completion<counted, std::uint64_t>&) { ++collected; },
                {.workers = 3, .memory = 25});
  expect_counts(run, 200);
  EXPECT_EQ(collected, 200U);
}

TEST_F(weighed_leak, go_with_asynchronous_and_batched_work) {
  std::vector<std::jthread> threads;
  std::mutex lock;
  relaxed<int> outstanding = 0;
  const auto ten = [](const counted&) { return 10; };
  auto run = process(
      weighed(counted_items(60), ten),
      [&](const counted& item, parwork::completer<std::uint64_t> done) {
        EXPECT_LE(outstanding.add(1), 3);
        const std::lock_guard guard(lock);
        threads.emplace_back(
            [&item, answer = std::move(done)]() mutable { answer.succeed(item.id()); });
      },
      [&](std::uint64_t) { outstanding.add(-1); }, {.workers = 2, .memory = 35});
  expect_counts(run, 60);
  run = process(weighed(counted_items(300), ten), parwork::batched([](std::span<counted> items) {
                  EXPECT_LE(items.size(), 3U);
                  return std::vector<int>(items.size());
                }),
                [](int) {}, {.workers = 2, .memory = 35});
  expect_counts(run, 300);
}

TEST(weighed_items, run_inside_work) {
  const auto one = [](int) { return 1; };
  const auto run = process(
      weighed(numbers(20), one),
      [&](int) {
        return process(weighed(numbers(30), one), [](int) {}, [] {}, {.memory = 2}).succeeded;
      },
      [](std::uint64_t inner) { EXPECT_EQ(inner, 30U); }, {.memory = 2});
  expect_counts(run, 20);
}

// --- Ends ---

TEST_F(weighed_leak, a_stop_destroys_the_one_that_is_held_uncounted) {
  for (const auto order : {ordering::completion, ordering::input}) {
    for (const auto generator_on : {runs_on::workers, runs_on::own_thread}) {
      std::stop_source stop;
      std::uint64_t collected = 0;
      const auto run = process(
          weighed(counted_items(10'000), [](const counted&) { return 60; }),
          [&](const counted& item) {
            if (item.id() == 50) stop.request_stop();
          },
          [&](const completion<counted, void>&) { ++collected; },
          {.workers = 2,
           .memory = weighed_memory,
           .order = order,
           .stop = stop.get_token(),
           .generator_runs_on = generator_on});
      EXPECT_TRUE(run.stopped);
      EXPECT_EQ(run.produced, collected);
      EXPECT_LE(run.produced, 52U);
    }
  }
}

TEST_F(weighed_leak, what_generator_or_weight_throws_leaves_behind_the_rest) {
  std::uint64_t collected = 0;
  const auto collect = [&](const completion<counted, void>&) { ++collected; };
  EXPECT_THROW(static_cast<void>(process(
                   weighed(
                       [next = std::uint64_t{0}]() mutable -> std::optional<counted> {
                         if (next == 100) throw std::runtime_error("broken");
                         return counted(next++);
                       },
                       [](const counted&) { return 60; }),
                   [](const counted&) {}, collect, {.workers = 2, .memory = weighed_memory})),
               std::runtime_error);
  EXPECT_EQ(collected, 100U);
  EXPECT_THROW(static_cast<void>(process(
                   weighed(counted_items(500),
                           [](const counted& item) -> std::size_t {
                             return item.id() == 100 ? throw std::runtime_error("heavy") : 60;
                           }),
                   [](const counted&) {}, collect, {.workers = 2, .memory = weighed_memory})),
               std::runtime_error);
  EXPECT_EQ(collected, 200U);
}

TEST_F(weighed_leak, a_collector_that_throws_leaves_nothing_behind) {
  EXPECT_THROW(static_cast<void>(process(
                   weighed(counted_items(1000), counted_weight), [](const counted&) {},
                   [calls = 0](const completion<counted, void>&) mutable {
                     if (++calls == 50) throw std::runtime_error("full");
                   },
                   {.workers = 3, .memory = weighed_memory})),
               std::runtime_error);
}

// An item stands in line when it is in flight, not while it is held for want of memory.
template <class Generator>
void run_weighed_and_keyed(Generator generator, std::uint64_t stop_at) {
  std::stop_source stop;
  std::vector<std::uint64_t> last(3, 0);
  const auto run = process(generator,
                           parwork::keyed(
                               [&](const counted& item) {
                                 std::uint64_t& before = last.at(item.id() % 3);
                                 EXPECT_LE(before, item.id());
                                 before = item.id();
                                 if (item.id() == stop_at) stop.request_stop();
                               },
                               [](const counted& item) { return item.id() % 3; }),
                           [](const completion<counted, void>&) {},
                           {.workers = 3, .memory = weighed_memory, .stop = stop.get_token()});
  EXPECT_EQ(run.produced, run.succeeded + run.cancelled);
  EXPECT_EQ(run.stopped, stop_at < 300);
  if (stop_at >= 300) {
    EXPECT_EQ(run.succeeded, 300U);
  }
}

TEST_F(weighed_leak, items_with_keys_keep_their_order) {
  for (const std::uint64_t stop_at : {1000U, 50U}) {
    run_weighed_and_keyed(weighed(counted_items(300), counted_weight), stop_at);
    run_weighed_and_keyed(weighed(
                              [next = std::uint64_t{0}](counted& item) mutable {
                                item = counted(next);
                                return next++ < 300;
                              },
                              counted_weight),
                          stop_at);
  }
}

}  // namespace
