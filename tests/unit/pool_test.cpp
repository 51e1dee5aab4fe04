// Pools: threads that last, runs that share them, and runs within runs.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/os_threads.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::options;
using parwork::pool;
using parwork::process;

/// The kernel's numbers of the threads of a run in which `workers` threads meet.
std::set<long> threads_that_meet(pool* on, unsigned workers) {
  std::mutex mutex;
  std::set<long> ids;
  rendezvous all(workers);
  const auto run = process(
      numbers(static_cast<int>(workers)),
      [&](int) {
        {
          const std::lock_guard lock(mutex);
          ids.insert(os_thread_id());
        }
        all.arrive_and_wait();
      },
      [](completion<int, void>) {}, {.workers = workers, .run_on = on});
  EXPECT_EQ(run.succeeded, workers);
  EXPECT_EQ(ids.size(), workers);
  return ids;
}

/// All threads of `on`, and the calling one.
std::set<long> threads_of(pool& on) { return threads_that_meet(&on, on.size() + 1); }

// Threads

TEST(pool, has_the_size_it_was_made_with) {
  for (const unsigned size : {1u, 2u, 5u}) EXPECT_EQ(pool(size).size(), size);
  EXPECT_EQ(pool().size(), parwork::available_cpus());
}

TEST(pool, more_threads_than_a_run_may_have_are_refused) {
  EXPECT_THROW(pool{parwork::max_workers + 1}, std::invalid_argument);
}

TEST(pool, its_destructor_joins_its_threads) {
  std::set<long> ids;
  {
    pool own(3);
    ids = threads_of(own);
  }
  ids.erase(os_thread_id());
  EXPECT_EQ(ids.size(), 3u);
  for (const long id : ids) wait_for_end_of_os_thread(id);
}

TEST(pool, a_pool_that_is_never_used_can_be_destroyed_at_once) {
  for (int round = 0; round < 50; ++round) {
    const pool unused(4);
    EXPECT_EQ(unused.size(), 4u);
  }
}

TEST(pool, its_threads_last_from_run_to_run) {
  pool own(3);
  const std::set<long> first = threads_of(own);
  for (int round = 0; round < 10; ++round) EXPECT_EQ(threads_of(own), first);
}

TEST(pool, the_default_pool_has_a_thread_for_each_cpu_and_lasts) {
  pool& shared = parwork::default_pool();
  EXPECT_EQ(shared.size(), parwork::available_cpus());
  EXPECT_EQ(&parwork::default_pool(), &shared);
  EXPECT_EQ(threads_of(shared), threads_that_meet(nullptr, shared.size() + 1));
}

TEST(pool, without_a_number_a_run_has_as_many_workers_as_its_pool) {
  pool own(3);
  const auto run = process(numbers(10), [](int) {}, [](completion<int, void>) {}, {.run_on = &own});
  EXPECT_EQ(run.workers, 3u);
}

TEST(pool, a_run_with_more_workers_starts_the_missing_threads_and_ends_them) {
  pool own(1);
  const std::set<long> lasting = threads_of(own);
  for (int round = 0; round < 3; ++round) {
    std::set<long> all = threads_that_meet(&own, 6);
    for (const long id : lasting) EXPECT_EQ(all.erase(id), 1u);
    EXPECT_EQ(all.size(), 4u);
    for (const long id : all) wait_for_end_of_os_thread(id);
  }
  EXPECT_EQ(threads_of(own), lasting);
}

// Sharing

TEST(pool, several_runs_share_it_from_several_threads) {
  for (const unsigned size : {1u, 2u, 4u}) {
    pool own(size);
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&own] {
        for (int round = 0; round < 20; ++round) {
          long sum = 0;
          const auto run = process(
              numbers(200), [](int item) { return item; }, [&](int item) { sum += item; },
              {.run_on = &own});
          EXPECT_EQ(run.succeeded, 200u);
          EXPECT_EQ(sum, 199 * 200 / 2);
        }
      });
    }
  }
}

TEST(pool, a_run_that_is_blocked_holds_up_no_other_run) {
  pool own(1);
  gate second_done;
  rendezvous both(2);
  std::jthread blocked([&] {
    const auto run = process(
        numbers(2),
        [&](int) {
          both.arrive_and_wait();  // the pool's thread is in here too
          second_done.wait();
        },
        [](completion<int, void>) {}, {.workers = 2, .run_on = &own});
    EXPECT_EQ(run.succeeded, 2u);
  });
  both.wait();
  expect_counts(
      process(numbers(100), [](int) {}, [](completion<int, void>) {}, {.run_on = &own}), 100);
  second_done.open();
}

TEST(pool, never_more_threads_work_than_it_has_and_callers_from_outside) {
  constexpr unsigned size = 2;
  constexpr int callers = 3;
  pool own(size);
  crowd working;
  std::vector<std::jthread> outside;
  for (int caller = 0; caller < callers; ++caller) {
    outside.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const auto run = process(
            numbers(8),
            [&](int) {
              const auto nested = process(
                  numbers(20),
                  [&](int) {
                    const auto visit = working.enter();
                    std::this_thread::yield();
                  },
                  [](completion<int, void>) {});
              EXPECT_EQ(nested.succeeded, 20u);
            },
            [](completion<int, void>) {}, {.run_on = &own});
        EXPECT_EQ(run.succeeded, 8u);
      }
    });
  }
  outside.clear();
  EXPECT_LE(working.peak(), static_cast<int>(size) + callers);
}

// Nesting

/// Sums `breadth ^ depth` ones by runs within runs.
long nested_sum(pool* on, int depth, int breadth, unsigned workers) {
  if (depth == 0) return 1;
  long sum = 0;
  const auto run = process(
      numbers(breadth), [&](int) { return nested_sum(nullptr, depth - 1, breadth, workers); },
      [&](long part) { sum += part; }, {.workers = workers, .run_on = on});
  EXPECT_EQ(run.succeeded, static_cast<std::uint64_t>(breadth));
  return sum;
}

class pool_nesting : public testing::TestWithParam<std::tuple<unsigned, unsigned>> {};
INSTANTIATE_TEST_SUITE_P(all, pool_nesting,
                         testing::Combine(testing::Values(1u, 2u, 4u), testing::Values(0u, 1u, 8u)),
                         [](const auto& info) {
                           return "pool_" + std::to_string(std::get<0>(info.param)) + "_workers_" +
                                  std::to_string(std::get<1>(info.param));
                         });

TEST_P(pool_nesting, runs_within_runs_end_at_any_depth) {
  const auto [size, workers] = GetParam();
  pool own(size);
  EXPECT_EQ(nested_sum(&own, 1, 50, workers), 50);
  EXPECT_EQ(nested_sum(&own, 3, 6, workers), 6 * 6 * 6);
  EXPECT_EQ(nested_sum(&own, 8, 2, workers), 256);
  EXPECT_EQ(nested_sum(&own, 40, 1, workers), 1);
}

TEST_P(pool_nesting, the_generator_and_the_collector_may_hold_runs_too) {
  const auto [size, workers] = GetParam();
  pool own(size);
  long sum = 0;
  const auto run = process(
      [&, next = 0]() mutable -> std::optional<long> {
        if (next++ == 20) return std::nullopt;
        return nested_sum(nullptr, 1, 5, workers);
      },
      [&](long item) { return item * nested_sum(nullptr, 1, 5, workers); },
      [&](long item) { sum += item * nested_sum(nullptr, 1, 2, workers); },
      {.workers = workers, .run_on = &own});
  expect_counts(run, 20);
  EXPECT_EQ(sum, 20 * 5 * 5 * 2);
}

TEST_P(pool_nesting, a_failure_of_a_nested_run_is_a_failure_of_its_item) {
  const auto [size, workers] = GetParam();
  pool own(size);
  const auto run = process(
      numbers(10),
      [workers = workers](int) {
        (void)process(
            numbers(5), [](int) { throw std::out_of_range("inner"); }, [] {}, {.workers = workers});
      },
      [](completion<int, void> done) { EXPECT_EQ(done.result.error().message(), "inner"); },
      {.workers = workers, .run_on = &own});
  expect_counts(run, 0, 10);
}

TEST(pool, a_nested_run_works_on_the_pool_of_its_thread) {
  pool own(3);
  const std::set<long> threads = threads_of(own);
  std::atomic<int> strangers = 0;
  const auto run = process(
      numbers(10),
      [&](int) {
        const auto nested = process(
            numbers(100),
            [&](int) {
              if (!threads.contains(os_thread_id())) ++strangers;
              std::this_thread::yield();
            },
            [](completion<int, void>) {});
        EXPECT_EQ(nested.succeeded, 100u);
      },
      [](completion<int, void>) {}, {.workers = 4, .run_on = &own});
  expect_counts(run, 10);
  EXPECT_EQ(strangers, 0);
}

TEST(pool, a_nested_run_starts_no_threads_however_many_workers_it_asks_for) {
  pool own(2);
  (void)threads_of(own);
  std::atomic<int> more = 0;
  const auto run = process(
      numbers(4),
      [&](int) {
        const std::size_t before = os_thread_count();
        const auto nested = process(
            numbers(100),
            [&](int) {
              if (os_thread_count() > before) ++more;
            },
            [](completion<int, void>) {}, {.workers = 64});
        EXPECT_EQ(nested.succeeded, 100u);
      },
      [](completion<int, void>) {}, {.workers = 2, .run_on = &own});
  expect_counts(run, 4);
  EXPECT_EQ(more, 0);
}

TEST(pool, a_nested_run_gets_help_from_threads_that_are_free) {
  pool own(2);
  const auto run = process(
      numbers(1),
      [&](int) {
        rendezvous all(3);
        const auto nested = process(
            numbers(3), [&](int) { all.arrive_and_wait(); }, [](completion<int, void>) {},
            {.workers = 3});
        EXPECT_EQ(nested.succeeded, 3u);
      },
      [](completion<int, void>) {}, {.workers = 1, .run_on = &own});
  expect_counts(run, 1);
}

TEST(pool, the_default_one_works_behind_the_end_of_main) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto run_all = [] {
    return process(numbers(100), [](int) {}, [](completion<int, void>) {}).succeeded;
  };
  EXPECT_EXIT(
      {
        // Registered before the pool is made: called when static objects made later are gone.
        std::atexit([] {
          const auto late = process(numbers(100), [](int) {}, [](completion<int, void>) {});
          std::fprintf(stderr, "%u items", static_cast<unsigned>(late.succeeded));
        });
        std::exit(run_all() == 100 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "^100 items");
}

// A sanitizer's own memory does not fit below the limit that keeps threads from starting.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)

/// While it lives, no memory can be mapped that is as large as a thread's stack.
class no_room_for_stacks {
 public:
  no_room_for_stacks() {
    ::getrlimit(RLIMIT_AS, &before_);
    std::ifstream counts("/proc/self/statm");
    rlim_t pages = 0;
    counts >> pages;
    rlimit tight = before_;
    tight.rlim_cur = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (rlim_t{4} << 20);
    EXPECT_EQ(::setrlimit(RLIMIT_AS, &tight), 0);
  }
  ~no_room_for_stacks() { ::setrlimit(RLIMIT_AS, &before_); }
  no_room_for_stacks(const no_room_for_stacks&) = delete;
  no_room_for_stacks& operator=(const no_room_for_stacks&) = delete;

 private:
  rlimit before_{};
};

TEST(pool, a_run_whose_threads_cannot_be_started_tells_how_many_it_had) {
  // In a program of its own, whose C library keeps no stack of a thread that has ended.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        pool own(1);
        const no_room_for_stacks limit;
        const auto run = process(
            numbers(40), [](int) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); },
            [](completion<int, void>) {}, {.workers = 8, .run_on = &own});
        std::fprintf(stderr, "%u workers, %u items", run.workers,
                     static_cast<unsigned>(run.succeeded));
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "^2 workers, 40 items");
}

#endif

}  // namespace
