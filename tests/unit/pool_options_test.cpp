// What a pool's threads are like: their names, their stacks, and what is called on them first.
#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/os_threads.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::pool;
using parwork::process;

std::string name_of_this_thread() {
  std::array<char, 16> name{};
  ::pthread_getname_np(::pthread_self(), name.data(), name.size());
  return name.data();
}

std::size_t stack_of_this_thread() {
  pthread_attr_t its;
  std::size_t bytes = 0;
  ::pthread_getattr_np(::pthread_self(), &its);
  ::pthread_attr_getstacksize(&its, &bytes);
  ::pthread_attr_destroy(&its);
  return bytes;
}

/// What `asked()` is on each of `workers` workers of a run, the calling thread aside.
template <class Asked>
auto on_all_helpers(pool& on, unsigned workers, Asked asked) {
  std::mutex mutex;
  std::set<decltype(asked())> answers;
  const long caller = os_thread_id();
  rendezvous all(workers);
  const auto run = process(
      numbers(static_cast<int>(workers)),
      [&](int) {
        all.arrive_and_wait();
        const std::lock_guard lock(mutex);
        if (os_thread_id() != caller) answers.insert(asked());
      },
      [] {}, {.workers = workers, .run_on = &on});
  EXPECT_EQ(run.succeeded, workers);
  return answers;
}

/// Numbers that on_thread_start was called with.
class started_numbers {
 public:
  auto noting() {
    return [this](unsigned number) {
      const std::lock_guard lock(mutex_);
      numbers_.push_back(number);
    };
  }
  std::multiset<unsigned> all() {
    const std::lock_guard lock(mutex_);
    return {numbers_.begin(), numbers_.end()};
  }

 private:
  std::mutex mutex_;
  std::vector<unsigned> numbers_;
};

using thread_names = std::set<std::string>;
using numbers_seen = std::multiset<unsigned>;

TEST(pool_options, threads_have_the_name_and_a_number) {
  pool own({.workers = 3, .name = "decode"});
  EXPECT_EQ(own.size(), 3u);
  EXPECT_EQ(on_all_helpers(own, 4, name_of_this_thread),
            (thread_names{"decode/0", "decode/1", "decode/2"}));
}

TEST(pool_options, by_default_they_are_called_parwork) {
  pool own(2);
  EXPECT_EQ(on_all_helpers(own, 3, name_of_this_thread), (thread_names{"parwork/0", "parwork/1"}));
}

TEST(pool_options, no_workers_are_as_many_as_there_are_cpus) {
  EXPECT_EQ(pool(parwork::pool_options{}).size(), parwork::available_cpus());
}

TEST(pool_options, too_many_workers_are_refused) {
  EXPECT_THROW(pool({.workers = parwork::max_workers + 1}), std::invalid_argument);
}

TEST(pool_options, a_name_that_is_too_long_loses_its_end_and_not_its_number) {
  pool own({.workers = 1, .name = "a-name-that-is-too-long"});
  EXPECT_EQ(on_all_helpers(own, 2, name_of_this_thread), (thread_names{"a-name-that-i/0"}));
}

TEST(pool_options, a_name_is_not_cut_within_a_character) {
  pool own({.workers = 1, .name = "123456789012\u00e4"});  // whose second byte is the 14th
  EXPECT_EQ(on_all_helpers(own, 2, name_of_this_thread), (thread_names{"123456789012/0"}));
}

TEST(pool_options, an_empty_name_leaves_the_number) {
  pool own({.workers = 1, .name = ""});
  EXPECT_EQ(on_all_helpers(own, 2, name_of_this_thread), (thread_names{"/0"}));
}

TEST(pool_options, stacks_have_the_size_that_is_asked_for) {
  constexpr std::size_t wanted = std::size_t{1} << 20;
  pool own({.workers = 2, .stack_size = wanted});
  // Four workers: one is started for the run alone.
  for (const std::size_t has : on_all_helpers(own, 4, stack_of_this_thread)) {
    EXPECT_GE(has, wanted);
    EXPECT_LT(has, 2 * wanted);
  }
}

TEST(pool_options, a_stack_that_the_system_refuses_is_named) {
  try {
    pool own({.workers = 1, .stack_size = 1});
    FAIL() << "a stack of one byte";
  } catch (const std::invalid_argument& why) {
    EXPECT_TRUE(std::string(why.what()).contains("parwork: pool_options.stack_size is 1"))
        << why.what();
  }
}

TEST(pool_options, on_thread_start_has_been_called_when_the_constructor_returns) {
  started_numbers started;
  const pool own({.workers = 4, .on_thread_start = started.noting()});
  EXPECT_EQ(started.all(), (numbers_seen{0, 1, 2, 3}));
}

TEST(pool_options, on_thread_start_may_give_another_name) {
  pool own({.workers = 1,
            .on_thread_start = [](unsigned) { ::pthread_setname_np(::pthread_self(), "mine"); }});
  EXPECT_EQ(on_all_helpers(own, 2, name_of_this_thread), (thread_names{"mine"}));
}

TEST(pool_options, what_on_thread_start_throws_leaves_the_constructor) {
  for (const unsigned thrower : {0u, 1u, 2u}) {
    const auto start = [&](unsigned number) {
      if (number == thrower) throw std::runtime_error("no CPU for it");
    };
    EXPECT_THROW(pool({.workers = 3, .on_thread_start = start}), std::runtime_error);
  }
  EXPECT_THROW(pool({.workers = 3, .on_thread_start = [](unsigned) { throw 42; }}), int);
}

TEST(pool_options, threads_that_a_run_adds_are_made_alike) {
  started_numbers started;
  pool own({.workers = 2, .name = "few", .on_thread_start = started.noting()});
  EXPECT_EQ(on_all_helpers(own, 5, name_of_this_thread),
            (thread_names{"few/0", "few/1", "few/2", "few/3"}));
  EXPECT_EQ(started.all(), (numbers_seen{0, 1, 2, 3}));
}

TEST(pool_options, numbers_of_threads_that_have_ended_are_used_again) {
  started_numbers started;
  pool own({.workers = 1, .on_thread_start = started.noting()});
  for (int run = 0; run < 2; ++run) static_cast<void>(on_all_helpers(own, 3, os_thread_id));
  EXPECT_EQ(started.all(), (numbers_seen{0, 1, 1}));
}

TEST(pool_options, two_runs_at_once_have_numbers_of_their_own) {
  started_numbers started;
  pool own({.workers = 1, .on_thread_start = started.noting()});
  rendezvous both(4);  // two workers each: the pool's one thread is in one of them
  const auto meet = [&] {
    const auto run = process(
        numbers(2), [&](int) { both.arrive_and_wait(); }, [] {}, {.workers = 3, .run_on = &own});
    EXPECT_EQ(run.succeeded, 2u);
  };
  std::thread other(meet);
  meet();
  other.join();
  const auto seen = started.all();
  EXPECT_EQ(seen.count(0), 1u);
}

TEST(pool_options, a_run_does_without_a_helper_whose_start_throws) {
  pool own({.workers = 1, .on_thread_start = [](unsigned number) {
              if (number >= 1) throw std::runtime_error("not for you");
            }});
  rendezvous both(2);
  const auto run = process(
      numbers(2000),
      [&](int item) {
        if (item < 2) both.arrive_and_wait();  // so there has to be one helper
      },
      [] {}, {.workers = 4, .run_on = &own});
  EXPECT_EQ(run.succeeded, 2000u);
  EXPECT_GE(run.workers, 2u);
}

TEST(pool_options, a_run_goes_on_alone_where_no_helper_starts) {
  tally refused;
  pool own({.workers = 1, .on_thread_start = [&](unsigned number) {
              if (number == 0) return;
              refused.add();
              throw std::runtime_error("not for you");
            }});
  rendezvous both(2);
  const auto run = process(
      numbers(200),
      [&](int item) {
        if (item < 2) both.arrive_and_wait();
        if (item == 2) refused.wait_for(1);
      },
      [] {}, {.workers = 3, .run_on = &own});
  EXPECT_EQ(run.succeeded, 200u);
}

TEST(pool_options, a_part_of_its_own_is_made_alike) {
  pool own({.workers = 1, .name = "parts"});
  thread_names seen;
  auto generator = [&, next = 0]() mutable -> std::optional<int> {
    seen.insert(name_of_this_thread());
    if (next == 3) return std::nullopt;
    return next++;
  };
  const auto run = process(
      generator, [](int) {}, [] {},
      {.workers = 2, .generator_runs_on = parwork::runs_on::own_thread, .run_on = &own});
  EXPECT_EQ(run.succeeded, 3u);
  EXPECT_EQ(seen, (thread_names{"parts/1"}));
}

TEST(pool_options, what_a_parts_start_throws_leaves_process) {
  pool own({.workers = 1, .on_thread_start = [](unsigned number) {
              if (number > 0) throw std::runtime_error("no generator");
            }});
  EXPECT_THROW(
      process(
          numbers(3), [](int) {}, [] {},
          {.workers = 2, .generator_runs_on = parwork::runs_on::own_thread, .run_on = &own}),
      std::runtime_error);
}

}  // namespace
