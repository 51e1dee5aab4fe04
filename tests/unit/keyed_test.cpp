// keyed: items with equal keys one at a time, in the order of the generator.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::context;
using parwork::failure_kind;
using parwork::keyed;
using parwork::ordering;
using parwork::process;

class keyed_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, keyed_sweep, sweep_values(), sweep_name);

constexpr std::uint64_t keyed_keys = 5;

// Sees to it that no two items of a key are worked on at once, and remembers their order.
class key_watch {
 public:
  void enter(std::uint64_t key, std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    EXPECT_TRUE(inside_.insert(key).second) << "two items of key " << key << " at once";
    seen_[key].push_back(id);
  }
  void leave(std::uint64_t key) {
    const std::lock_guard lock(mutex_);
    inside_.erase(key);
  }
  // Every id of 0 .. count-1 once, those of each key in order.
  void expect_in_order(std::uint64_t count) const {
    std::uint64_t all = 0;
    for (const auto& [key, ids] : seen_) {
      all += ids.size();
      for (std::size_t i = 1; i < ids.size(); ++i) EXPECT_LT(ids[i - 1], ids[i]) << "key " << key;
    }
    EXPECT_EQ(all, count);
  }
  const std::vector<std::uint64_t>& of(std::uint64_t key) { return seen_[key]; }

 private:
  std::mutex mutex_;
  std::set<std::uint64_t> inside_;
  std::map<std::uint64_t, std::vector<std::uint64_t>> seen_;
};

std::uint64_t key_of_counted(const counted& item) { return item.id() % keyed_keys; }

auto watched_work(key_watch& watch) {
  return [&watch](const counted& item) {
    watch.enter(key_of_counted(item), item.id());
    if (item.id() % 7 == 0) std::this_thread::yield();
    watch.leave(key_of_counted(item));
    return item.id();
  };
}

TEST_P(keyed_sweep, items_of_a_key_are_worked_on_one_at_a_time_in_their_order) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    auto chosen = options();
    chosen.order = order;
    key_watch watch;
    gathered<counted, std::uint64_t> done;
    const auto run = process(counted_items(500), keyed(watched_work(watch), key_of_counted),
                             done.collector(), chosen);
    expect_consistent(run, chosen);
    expect_counts(run, 500);
    watch.expect_in_order(500);
    EXPECT_TRUE(done.has_every_index_once());
    for (const auto& one : done) EXPECT_EQ(one.result.value(), one.item.id());
    if (order == ordering::input) {
      EXPECT_TRUE(done.is_in_input_order());
    }
  }
}

TEST_P(keyed_sweep, a_reduction_of_a_split_range_is_worked_on_in_order_too) {
  std::vector<std::uint64_t> ids(500);
  for (std::uint64_t i = 0; i < ids.size(); ++i) ids[i] = i;
  key_watch watch;
  const auto work = [&](std::uint64_t id) {
    watch.enter(id % keyed_keys, id);
    watch.leave(id % keyed_keys);
    return id;
  };
  const auto key = [](std::uint64_t id) { return id % keyed_keys; };
  auto sum = parwork::reduce(
      std::uint64_t{0}, [](std::uint64_t& to, std::uint64_t id) { to += id; },
      [](std::uint64_t& to, std::uint64_t from) { to += from; });
  const auto run = process(parwork::split(ids), keyed(work, key), sum, options());
  expect_counts(run, 500);
  watch.expect_in_order(500);
  EXPECT_EQ(sum.value(), 499u * 500 / 2);
}

TEST_P(keyed_sweep, a_retry_keeps_its_place) {
  auto chosen = options();
  chosen.retry = {.max_attempts = 3, .backoff = std::chrono::microseconds(50)};
  key_watch watch;
  const auto work = [&](const counted& item, context& about) {
    watch.enter(key_of_counted(item), item.id() * 10 + about.attempt());
    watch.leave(key_of_counted(item));
    if (about.attempt() < 1 + item.id() % 3) throw std::runtime_error("again");
    return item.id();
  };
  gathered<counted, std::uint64_t> done;
  const auto run =
      process(counted_items(60), keyed(work, key_of_counted), done.collector(), chosen);
  expect_counts(run, 60);
  std::uint64_t attempts = 0;
  for (std::uint64_t id = 0; id < 60; ++id) attempts += 1 + id % 3;
  watch.expect_in_order(attempts);
  EXPECT_EQ(run.retries, attempts - 60);
}

TEST_P(keyed_sweep, a_stop_cancels_what_waits) {
  std::stop_source stop;
  auto chosen = options();
  chosen.stop = stop.get_token();
  key_watch watch;
  gathered<counted, std::uint64_t> done;
  const auto work = [&](const counted& item) {
    watch.enter(key_of_counted(item), item.id());
    if (item.id() == 30) stop.request_stop();
    watch.leave(key_of_counted(item));
    return item.id();
  };
  const auto run =
      process(counted_items(400), keyed(work, key_of_counted), done.collector(), chosen);
  expect_consistent(run, chosen);
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(done.size(), run.produced);
}

TEST_P(keyed_sweep, a_collector_that_throws_leaves_nothing_behind) {
  std::uint64_t seen = 0;
  EXPECT_THROW(
      static_cast<void>(process(
          counted_items(400), keyed([](const counted& item) { return item.id(); }, key_of_counted),
          [&](completion<counted, std::uint64_t>) {
            if (++seen == 20) throw std::runtime_error("full");
          },
          options())),
      std::runtime_error);
}

TEST_P(keyed_sweep, asynchronous_items_of_a_key_wait_for_each_other) {
  key_watch watch;
  std::mutex lock;
  std::condition_variable changed;
  std::vector<std::pair<std::uint64_t, parwork::completer<std::uint64_t>>> begun;
  bool is_over = false;
  std::thread ender([&] {
    for (;;) {
      std::unique_lock guard(lock);
      changed.wait(guard, [&] { return is_over || !begun.empty(); });
      if (begun.empty()) return;
      auto [id, finish] = std::move(begun.back());
      begun.pop_back();
      guard.unlock();
      watch.leave(id % keyed_keys);
      finish.succeed(id);
    }
  });
  const auto work = [&](const counted& item, parwork::completer<std::uint64_t> finish) {
    watch.enter(key_of_counted(item), item.id());
    const std::lock_guard guard(lock);
    begun.emplace_back(item.id(), std::move(finish));
    changed.notify_one();
  };
  for (const ordering order : {ordering::completion, ordering::input}) {
    auto chosen = options();
    chosen.order = order;
    gathered<counted, std::uint64_t> done;
    expect_counts(
        process(counted_items(100), keyed(work, key_of_counted), done.collector(), chosen), 100);
    EXPECT_TRUE(done.has_every_index_once());
  }
  {
    const std::lock_guard guard(lock);
    is_over = true;
    changed.notify_one();
  }
  ender.join();
}

TEST_P(keyed_sweep, spawned_items_wait_for_those_of_their_key) {
  key_watch watch;
  std::atomic<std::uint64_t> next = 50;
  const auto work = [&](const counted& item, context& about) {
    watch.enter(key_of_counted(item), item.id());
    if (item.id() < 50) about.spawn(counted(next.fetch_add(1)));
    watch.leave(key_of_counted(item));
    return item.id();
  };
  std::set<std::uint64_t> seen;
  const auto run = process(
      counted_items(50), keyed(work, key_of_counted), [&](std::uint64_t id) { seen.insert(id); },
      options());
  expect_counts(run, 100);
  EXPECT_EQ(seen.size(), 100u);
}

class keyed_run : public leak_check {};

TEST_F(keyed_run, items_of_other_keys_overtake_one_that_is_held_up) {
  // The first item of key 0 ends when all items of other keys have: those behind it of its key hold
  // no worker meanwhile.
  tally others;
  const auto work = [&](const counted& item) {
    if (item.id() == 0) others.wait_for(80);
    if (key_of_counted(item) != 0) others.add();
    return item.id();
  };
  gathered<counted, std::uint64_t> done;
  expect_counts(
      process(counted_items(100), keyed(work, key_of_counted), done.collector(), {.workers = 2}),
      100);
}

TEST_F(keyed_run, a_key_that_throws_fails_its_item_alone) {
  const auto key = [](const counted& item) -> std::uint64_t {
    if (item.id() == 3) throw std::runtime_error("no key");
    return 0;
  };
  gathered<counted, std::uint64_t> done;
  const auto run =
      process(counted_items(10), keyed([](const counted& item) { return item.id(); }, key),
              done.collector(), {.workers = 4, .retry = {.max_attempts = 3}});
  expect_counts(run, 9, 1);
  EXPECT_EQ(done.at_index(3).result.error().message(), "no key");
  EXPECT_EQ(done.at_index(3).attempts, 0u);
}

TEST_F(keyed_run, a_view_of_the_item_is_kept_as_a_string) {
  std::vector<std::string> hosts;
  hosts.reserve(300);
  for (int i = 0; i < 300; ++i) hosts.push_back(std::string("host").append(std::to_string(i % 3)));
  std::map<std::string, int> counts;
  std::mutex lock;
  std::set<std::string> inside;
  const auto work = [&](const std::string& host) {
    {
      const std::lock_guard guard(lock);
      EXPECT_TRUE(inside.insert(host).second);
    }
    std::this_thread::yield();
    const std::lock_guard guard(lock);
    inside.erase(host);
    return host;
  };
  static_cast<void>(
      process(hosts, keyed(work, [](const std::string& host) { return std::string_view(host); }),
              [&](const std::string& host) { ++counts[host]; }, {.workers = 8}));
  EXPECT_EQ(counts, (std::map<std::string, int>{{"host0", 100}, {"host1", 100}, {"host2", 100}}));
}

TEST_F(keyed_run, goes_with_a_state_of_each_worker) {
  key_watch watch;
  const auto work = [&](std::vector<int>& state, const counted& item) {
    state.push_back(1);
    watch.enter(key_of_counted(item), item.id());
    watch.leave(key_of_counted(item));
    return item.id();
  };
  gathered<counted, std::uint64_t> done;
  expect_counts(
      process(counted_items(200),
              keyed(parwork::per_worker([] { return std::vector<int>(); }, work), key_of_counted),
              done.collector(), {.workers = 4}),
      200);
  watch.expect_in_order(200);
}

TEST_F(keyed_run, a_nested_run_may_be_keyed_too) {
  const auto inner = [](std::uint64_t) {
    std::uint64_t sum = 0;
    static_cast<void>(process(counted_items(20),
                              keyed([](const counted& item) { return item.id(); }, key_of_counted),
                              [&](std::uint64_t id) { sum += id; }));
    return sum;
  };
  std::uint64_t total = 0;
  const auto ids = std::views::iota(std::uint64_t{0}, std::uint64_t{10});
  static_cast<void>(process(ids, keyed(inner, [](std::uint64_t id) { return id % 2; }),
                            [&](std::uint64_t sum) { total += sum; }, {.workers = 4}));
  EXPECT_EQ(total, 1900u);
}

TEST_F(keyed_run, a_null_key_is_refused) {
  EXPECT_THROW(static_cast<void>(process(counted_items(1),
                                         keyed([](const counted& item) { return item.id(); },
                                               std::function<int(const counted&)>()),
                                         [](std::uint64_t) {})),
               std::invalid_argument);
}

}  // namespace
