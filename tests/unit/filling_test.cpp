// Generators that fill items in place: bool(Item&).
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/relaxed.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::context;
using parwork::ordering;
using parwork::process;

// An item that is default-constructed, and counts how often.
struct fillable : counted {
  fillable() : counted(nobody) { made_.add(1); }
  explicit fillable(std::uint64_t id) : counted(id) {}
  std::string text = {};
  int attempts = 0;

  static std::int64_t made() { return made_.load(); }
  static void forget() { made_.store(0); }

 private:
  inline static relaxed<std::int64_t> made_ = 0;
};

auto fill_numbers(int count) {
  return [count, next = 0](int& item) mutable {
    if (next == count) return false;
    item = next++;
    return true;
  };
}

auto fill_counted(std::uint64_t count) {
  return [count, next = std::uint64_t{0}](fillable& item) mutable {
    if (next == count) return false;
    item = fillable(next++);
    return true;
  };
}

class filling_leak : public leak_check {
 protected:
  void SetUp() override {
    leak_check::SetUp();
    fillable::forget();
  }
};
class filling_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, filling_sweep, sweep_values(), sweep_name);

// --- Forms ---

int filling_left = 0;
bool fill_one(std::string& text) {
  text = "one";
  return filling_left-- > 0;
}
struct filler_of_two {
  bool operator()(double& item) & noexcept {
    item = 0.5;
    return left-- > 0;
  }
  int left = 2;
};

static_assert(parwork::filling_generator<decltype(fill_one)&>);
static_assert(parwork::filling_generator<decltype(&fill_one)>);
static_assert(parwork::filling_generator<filler_of_two>);
static_assert(parwork::filling_generator<std::function<bool(int&)>>);
static_assert(parwork::filling_generator<std::move_only_function<bool(int&)>&>);
static_assert(parwork::filling_generator<std::reference_wrapper<filler_of_two>>);
static_assert(std::is_same_v<parwork::generator_item_t<decltype(fill_one)&>, std::string>);
static_assert(!parwork::filling_generator<bool (*)(int)>);
static_assert(!parwork::filling_generator<int (*)(int&)>);
static_assert(!parwork::filling_generator<std::vector<int>>);

template <class Generator>
std::uint64_t items_filled_by(Generator&& generator) {
  std::uint64_t collected = 0;
  const auto run = process(
      std::forward<Generator>(generator), [](const auto& item) { return item; },
      [&](auto&&) { ++collected; });
  EXPECT_EQ(run.produced, collected);
  return collected;
}

TEST(filling_generator, is_any_callable_whose_parameter_is_spelled_out) {
  filling_left = 3;
  EXPECT_EQ(items_filled_by(fill_one), 3U);
  filling_left = 2;
  EXPECT_EQ(items_filled_by(&fill_one), 2U);
  EXPECT_EQ(items_filled_by(filler_of_two()), 2U);
  EXPECT_EQ(items_filled_by(std::function<bool(int&)>(fill_numbers(4))), 4U);
  EXPECT_EQ(items_filled_by(std::move_only_function<bool(int&)>(fill_numbers(4))), 4U);
  filler_of_two kept;
  EXPECT_EQ(items_filled_by(std::ref(kept)), 2U);
  EXPECT_EQ(kept.left, -1) << "an lvalue is not copied";
  EXPECT_THROW(items_filled_by(std::function<bool(int&)>()), std::invalid_argument);
}

TEST(filling_generator, is_not_called_again_after_false) {
  int calls = 0;
  const auto run =
      process([&](int&) { return ++calls <= 5; }, [](int) {}, [](completion<int, void>) {});
  expect_counts(run, 5);
  EXPECT_EQ(calls, 6);
}

// --- What arrives ---

TEST_P(filling_sweep, loses_no_item_and_leaks_none) {
  for (const auto order : {ordering::completion, ordering::input}) {
    auto given = options();
    given.order = order;
    std::vector<int> seen(2000, 0);
    std::uint64_t last = 0;
    const auto run = process(
        fill_counted(2000), [](const fillable& item) { return item.id(); },
        [&](const completion<fillable, std::uint64_t>& done) {
          EXPECT_EQ(done.item.id(), *done.result);
          EXPECT_EQ(done.index, done.item.id());
          if (order == ordering::input) {
            EXPECT_EQ(done.index, last++);
          }
          ++seen.at(done.index);
        },
        given);
    expect_counts(run, 2000);
    EXPECT_LE(run.peak_in_flight, queue());
    EXPECT_EQ(seen, std::vector<int>(2000, 1));
  }
}

TEST_P(filling_sweep, results_of_stolen_items_are_those_of_their_items) {
  auto given = options();
  given.order = ordering::input;
  std::vector<std::uint64_t> seen;
  const auto run = process(
      fill_counted(500),
      [](const fillable& item) {
        if (item.id() % 16 == 0) std::this_thread::yield();
        return item.id();
      },
      parwork::into(seen), given);
  expect_counts(run, 500);
  for (std::uint64_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], i);
}

TEST_F(filling_leak, objects_are_used_again_and_hold_what_they_held) {
  std::uint64_t held = 0;
  const auto run = process(
      [&, next = std::uint64_t{0}](fillable& item) mutable {
        if (item.text == "kept") ++held;
        item.text = "kept";
        return next++ < 20'000;
      },
      [](const fillable&) {}, [] {}, {.workers = 1});
  expect_counts(run, 20'000);
  EXPECT_LT(fillable::made(), 2'000);
  EXPECT_EQ(held, 20'001 - static_cast<std::uint64_t>(fillable::made()));
}

TEST_F(filling_leak, objects_are_used_again_where_others_collect_than_pull) {
  const auto run = process(
      fill_counted(50'000), [](const fillable&) {}, [] {},
      {.workers = 2,
       .queue = 64,
       .generator_runs_on = parwork::runs_on::own_thread,
       .collector_runs_on = parwork::runs_on::own_thread});
  expect_counts(run, 50'000);
  EXPECT_LT(fillable::made(), 10'000);
}

// --- Ends ---

TEST_F(filling_leak, what_it_throws_comes_behind_what_it_filled) {
  std::uint64_t collected = 0;
  EXPECT_THROW(static_cast<void>(process(
                   [next = std::uint64_t{0}](fillable& item) mutable {
                     if (next == 100) throw std::runtime_error("broken");
                     item = fillable(next++);
                     return true;
                   },
                   [](const fillable&) {}, [&] { ++collected; })),
               std::runtime_error);
  EXPECT_EQ(collected, 100U);
}

struct made_twice {
  made_twice() {
    if (++made == 3) throw std::runtime_error("no third one");
  }
  inline static int made = 0;
};

TEST(filling_generator, a_constructor_that_throws_ends_the_run_as_the_generator_would) {
  made_twice::made = 0;
  std::vector<completion<made_twice, void>> all;
  int left = 100;
  EXPECT_THROW(
      static_cast<void>(process([&](made_twice&) { return left-- > 0; }, [](const made_twice&) {},
                                parwork::into(all), {.workers = 1, .queue = 8})),
      std::runtime_error);
  EXPECT_EQ(all.size(), static_cast<std::size_t>(100 - left));
}

TEST_F(filling_leak, a_collector_that_throws_leaves_nothing_behind) {
  EXPECT_THROW(static_cast<void>(process(
                   fill_counted(10'000), [](const fillable&) {},
                   [calls = 0](completion<fillable, void>) mutable {
                     if (++calls == 50) throw std::runtime_error("full");
                   },
                   {.workers = 4})),
               std::runtime_error);
}

TEST_F(filling_leak, a_stop_cancels_what_was_filled) {
  for (const auto order : {ordering::completion, ordering::input}) {
    std::stop_source stop;
    std::uint64_t collected = 0;
    const auto run = process(
        [next = std::uint64_t{0}](fillable& item) mutable {
          item = fillable(next++);
          return true;
        },
        [&](const fillable& item) {
          if (item.id() == 200) stop.request_stop();
        },
        [&](const completion<fillable, void>&) { ++collected; },
        {.workers = 4, .order = order, .stop = stop.get_token()});
    EXPECT_TRUE(run.stopped);
    EXPECT_EQ(run.produced, collected);
    EXPECT_EQ(run.produced, run.succeeded + run.cancelled);
  }
}

// --- With other forms of work and options ---

TEST_F(filling_leak, a_retry_sees_the_item_as_the_last_attempt_left_it) {
  for (const auto backoff : {0us, 100us}) {
    for (const auto order : {ordering::completion, ordering::input}) {
      const auto run = process(
          fill_counted(300),
          [](fillable& item) {
            if (++item.attempts < 3) throw std::runtime_error("again");
            return item.attempts;
          },
          [](const completion<fillable, int>& done) {
            EXPECT_EQ(done.item.id(), done.index);
            EXPECT_EQ(done.attempts, 3U);
            EXPECT_EQ(done.result.value(), 3);
          },
          {.workers = 4, .order = order, .retry = {.max_attempts = 3, .backoff = backoff}});
      expect_counts(run, 300);
      EXPECT_EQ(run.retries, 600U);
    }
  }
}

TEST_F(filling_leak, an_attempt_may_time_out) {
  const auto run = process(
      fill_counted(3),
      [](const fillable& item, context& about) {
        if (item.id() == 1) wait_for_stop(about.stop_token());
      },
      [](const completion<fillable, void>& done) {
        EXPECT_EQ(done.result.has_value(), done.item.id() != 1);
      },
      {.timeout = 1ms});
  EXPECT_EQ(run.produced, 3U);
}

TEST_F(filling_leak, goes_with_asynchronous_work) {
  std::vector<std::jthread> threads;
  std::mutex lock;
  const auto run = process(
      fill_counted(50),
      [&](const fillable& item, parwork::completer<std::uint64_t> done) {
        const std::lock_guard guard(lock);
        threads.emplace_back(
            [&item, answer = std::move(done)]() mutable { answer.succeed(item.id()); });
      },
      [](const completion<fillable, std::uint64_t>& done) {
        EXPECT_EQ(done.item.id(), *done.result);
      },
      {.queue = 8});
  expect_counts(run, 50);
}

TEST_F(filling_leak, goes_with_batched_work) {
  std::vector<std::uint64_t> ids;
  const auto run = process(fill_counted(1000), parwork::batched([](std::span<fillable> items) {
                             std::vector<std::uint64_t> found;
                             for (const auto& item : items) found.push_back(item.id());
                             return found;
                           }),
                           parwork::into(ids), {.workers = 4, .order = ordering::input});
  expect_counts(run, 1000);
  for (std::uint64_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], i);
}

TEST_F(filling_leak, goes_with_items_that_are_spawned) {
  const auto work = [](fillable& item, context& about) {
    if (item.id() < 100) about.spawn(fillable(item.id() + 100));
    return item.id();
  };
  std::uint64_t sum = 0;
  auto run = process(fill_counted(100), work, [&](std::uint64_t id) { sum += id; }, {.workers = 4});
  expect_counts(run, 200);
  EXPECT_EQ(sum, 19'900U);
  auto reduced = parwork::reduce(std::uint64_t{0}, std::plus<>(), std::plus<>());
  run = process(fill_counted(100), work, reduced, {.workers = 4});
  expect_counts(run, 200);
  EXPECT_EQ(reduced.value(), 19'900U);
}

TEST_F(filling_leak, work_may_take_the_item_by_value) {
  std::vector<std::uint64_t> ids;
  const auto run = process(fill_counted(1000), [](fillable item) { return item.id(); },
                           parwork::into(ids), {.workers = 4, .order = ordering::input});
  expect_counts(run, 1000);
  for (std::uint64_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], i);
}

TEST(filling_generator, may_hold_what_is_made_per_worker_and_record_the_run) {
  parwork::recorder record;
  auto sum = parwork::reduce(0, std::plus<>(), std::plus<>());
  const auto run = process(
      fill_numbers(1000),
      parwork::per_worker([] { return 1; }, [](int& one, const int& item) { return one + item; }),
      sum, {.workers = 4, .record = &record});
  expect_counts(run, 1000);
  EXPECT_EQ(sum.value(), 1000 * 999 / 2 + 1000);
}

TEST(filling_generator, runs_inside_work) {
  int sum = 0;
  const auto run = process(
      fill_numbers(20),
      [](int item) {
        int inner = 0;
        const auto nested =
            process(fill_numbers(item), [](int i) { return i; }, [&](int i) { inner += i; });
        return nested.succeeded == static_cast<std::uint64_t>(item) ? inner : -1000;
      },
      [&](int inner) { sum += inner; });
  expect_counts(run, 20);
  EXPECT_EQ(sum, 1140);
}

TEST(filling_generator, an_outcome_of_the_last_item_does_not_finish_the_next) {
  using known = parwork::prefinished<int, int>;
  int worked = 0;
  const auto run = process(
      [next = 0](known& item) mutable {
        EXPECT_FALSE(item.outcome.has_value());
        item.item = next;
        if (next % 2 == 0) item.outcome = -1;
        return next++ < 1000;
      },
      [&](int item) {
        ++worked;
        return item;
      },
      [](const completion<int, int>& done) {
        EXPECT_EQ(*done.result, done.index % 2 == 0 ? -1 : static_cast<int>(done.index));
      },
      {.workers = 1});
  expect_counts(run, 1000);
  EXPECT_EQ(worked, 500);
}

// --- Items of all kinds ---

struct throws_when_moved {
  throws_when_moved() = default;
  throws_when_moved(const throws_when_moved&) = default;
  throws_when_moved& operator=(const throws_when_moved&) = default;
  std::vector<int> held = {};
};
static_assert(!std::is_nothrow_move_constructible_v<throws_when_moved>);

TEST(filling_generator, fills_items_whose_move_may_throw) {
  auto fill = [next = 0](throws_when_moved& item) mutable {
    item.held.assign(1, next);
    return next++ < 500;
  };
  const auto run = process(
      fill,
      [](throws_when_moved& item) {
        if (item.held.size() == 1) {
          item.held.push_back(0);
          throw std::runtime_error("again");
        }
        return item.held[0];
      },
      [](const completion<throws_when_moved, int>& done) {
        EXPECT_EQ(static_cast<std::uint64_t>(*done.result), done.index);
      },
      {.workers = 4, .retry = {.max_attempts = 2, .backoff = 1us}});
  expect_counts(run, 500);
}

struct immovable {
  std::mutex lock;
  int value = 0;
};

TEST(filling_generator, fills_items_that_cannot_be_moved) {
  int sum = 0;
  const auto run = process(
      [next = 0](immovable& item) mutable {
        item.value = next;
        return next++ < 300;
      },
      [](immovable& item) {
        const std::lock_guard guard(item.lock);
        return item.value;
      },
      [&](int value) { sum += value; }, {.workers = 4});
  expect_counts(run, 300);
  EXPECT_EQ(sum, 300 * 299 / 2);
}

// --- Adapters ---

TEST(filling_generator, is_paced_and_still_fills) {
  auto paced = parwork::paced(fill_numbers(20), 1e9);
  static_assert(parwork::filling_generator<decltype(paced)>);
  static_assert(parwork::filling_generator<decltype(paced)&>);
  std::vector<int> seen;
  const auto run = process(paced, [](int item) { return item; }, parwork::into(seen),
                           {.order = ordering::input});
  expect_counts(run, 20);
  EXPECT_EQ(seen.back(), 19);
}

TEST(filling_generator, a_stop_ends_the_wait_of_its_pace) {
  std::stop_source source;
  const auto run = process(
      parwork::paced(fill_numbers(20), 1.0 / 86'400), [](int item) { return item; },
      [&](const completion<int, int>&) { source.request_stop(); }, {.stop = source.get_token()});
  expect_counts(run, 1);
}

TEST(filling_generator, fills_chunks) {
  std::vector<std::size_t> sizes;
  const auto run = process(parwork::chunks(parwork::paced(fill_numbers(10), 1e9), 4),
                           [](const std::vector<int>& chunk) { return chunk.size(); },
                           parwork::into(sizes), {.order = ordering::input});
  expect_counts(run, 3);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4, 4, 2}));
}

}  // namespace
