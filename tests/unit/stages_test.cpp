// stages and limited: work in several steps, some of which only so many workers do at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/recorded.hpp"
#include "support/runs.hpp"
#include "support/waiting.hpp"

namespace {

using namespace parwork_test;
using parwork::completion;
using parwork::context;
using parwork::failure_kind;
using parwork::limited;
using parwork::ordering;
using parwork::process;
using parwork::stages;

class stages_sweep : public sweep {};
INSTANTIATE_TEST_SUITE_P(all, stages_sweep, sweep_values(), sweep_name);

// How many are inside at once.
class crowd {
 public:
  explicit crowd(unsigned most) : most_(most) {}
  void enter() {
    const unsigned now = inside_.fetch_add(1) + 1;
    EXPECT_LE(now, most_);
  }
  void leave() { inside_.fetch_sub(1); }

 private:
  const unsigned most_;
  std::atomic<unsigned> inside_{0};
};

auto crowded(crowd& those) {
  return [&those](std::uint64_t value) {
    those.enter();
    if (value % 5 == 0) std::this_thread::yield();
    those.leave();
    return value + 1;
  };
}

std::uint64_t id_of(const counted& item) { return item.id(); }

TEST_P(stages_sweep, every_item_goes_through_all_stages) {
  for (const ordering order : {ordering::completion, ordering::input}) {
    auto chosen = options();
    chosen.order = order;
    crowd two(2);
    crowd one(1);
    gathered<counted, std::string> done;
    const auto run = process(counted_items(400),
                             stages(id_of, limited(crowded(two), 2), limited(crowded(one), 1),
                                    [](std::uint64_t value) { return std::to_string(value); }),
                             done.collector(), chosen);
    expect_consistent(run, chosen);
    expect_counts(run, 400);
    EXPECT_TRUE(done.has_every_index_once());
    for (const auto& each : done) {
      EXPECT_EQ(each.result.value(), std::to_string(each.item.id() + 2));
      EXPECT_EQ(each.attempts, 1u);
    }
    if (order == ordering::input) {
      EXPECT_TRUE(done.is_in_input_order());
    }
  }
}

TEST_P(stages_sweep, limited_work_is_a_work_by_itself) {
  crowd three(3);
  std::uint64_t sum = 0;
  const auto work = [&](const counted& item) {
    three.enter();
    std::this_thread::yield();
    three.leave();
    return item.id();
  };
  expect_counts(
      process(
          counted_items(300), limited(work, 3), [&](std::uint64_t id) { sum += id; }, options()),
      300);
  EXPECT_EQ(sum, 299u * 300 / 2);
}

TEST_P(stages_sweep, limited_work_by_itself_is_no_stage) {
  std::uint64_t failures = 0;
  static_cast<void>(process(
      counted_items(20), limited([](const counted&) { throw std::runtime_error("broken"); }, 2),
      [&](const completion<counted, void>& done) {
        EXPECT_FALSE(done.result.error().stage().has_value());
        ++failures;
      },
      options()));
  EXPECT_EQ(failures, 20U);
}

TEST_P(stages_sweep, retries_are_of_the_stage_that_failed) {
  auto chosen = options();
  chosen.retry = {.max_attempts = 3, .backoff = std::chrono::microseconds(50)};
  crowd one(1);
  std::atomic<unsigned> first{0};
  std::atomic<unsigned> second{0};
  const auto twice = [&](const counted& item, context& about) {
    ++first;
    if (item.id() % 2 == 1 && about.attempt() == 1) throw std::runtime_error("first");
    return item.id();
  };
  const auto thrice = [&](std::uint64_t id, context& about) {
    one.enter();
    one.leave();
    ++second;
    if (id % 3 == 1 && about.attempt() < 3) throw std::runtime_error("second");
    return id;
  };
  gathered<counted, std::uint64_t> done;
  const auto run =
      process(counted_items(60), stages(twice, limited(thrice, 1)), done.collector(), chosen);
  expect_counts(run, 60);
  EXPECT_EQ(first.load(), 90u);
  EXPECT_EQ(second.load(), 100u);
  EXPECT_EQ(run.retries, 70u);
  for (const auto& each : done) EXPECT_EQ(each.attempts, each.item.id() % 3 == 1 ? 3u : 1u);
}

TEST_P(stages_sweep, a_failure_ends_the_item_and_names_its_stage) {
  const auto odd = [](std::uint64_t id) {
    if (id % 2 == 1) throw std::runtime_error("odd");
    return id;
  };
  const auto large = [](std::uint64_t id) -> std::expected<std::uint64_t, std::string> {
    if (id >= 50) return std::unexpected("large");
    return id;
  };
  gathered<counted, std::uint64_t> done;
  const auto run = process(counted_items(100), stages(id_of, odd, limited(large, 2)),
                           done.collector(), options());
  expect_counts(run, 25, 75);
  for (const auto& each : done) {
    if (each.result.has_value()) continue;
    const auto& why = each.result.error();
    const bool is_odd = each.item.id() % 2 == 1;
    EXPECT_EQ(why.stage(), is_odd ? 1u : 2u);
    EXPECT_EQ(why.message(), is_odd ? "odd" : "large");
    EXPECT_EQ(why.kind(), is_odd ? failure_kind::exception : failure_kind::error);
  }
}

TEST_P(stages_sweep, a_stop_comes_between_stages) {
  std::stop_source stop;
  auto chosen = options();
  chosen.stop = stop.get_token();
  crowd one(1);
  const auto stopping = [&](const counted& item) {
    if (item.id() == 20) stop.request_stop();
    return item.id();
  };
  gathered<counted, std::uint64_t> done;
  const auto run = process(counted_items(400), stages(stopping, limited(crowded(one), 1)),
                           done.collector(), chosen);
  expect_consistent(run, chosen);
  EXPECT_TRUE(run.stopped);
  EXPECT_EQ(done.size(), run.produced);
  for (const auto& each : done) {
    if (each.item.id() == 20) {
      EXPECT_EQ(each.result.error().kind(), failure_kind::cancelled);
      EXPECT_FALSE(each.result.error().stage().has_value());
    }
  }
}

TEST_P(stages_sweep, a_collector_that_throws_leaves_nothing_behind) {
  std::uint64_t seen = 0;
  crowd one(1);
  EXPECT_THROW(static_cast<void>(process(
                   counted_items(400), stages(id_of, limited(crowded(one), 1)),
                   [&](completion<counted, std::uint64_t>) {
                     if (++seen == 20) throw std::runtime_error("full");
                   },
                   options())),
               std::runtime_error);
}

TEST_P(stages_sweep, keyed_stages_keep_the_order_of_each_key) {
  crowd two(2);
  std::mutex lock;
  std::vector<std::uint64_t> last(4, 0);
  const auto ordered = [&](std::uint64_t id) {
    const std::lock_guard guard(lock);
    EXPECT_GE(id, last[id % 4]);
    last[id % 4] = id;
    return id;
  };
  gathered<counted, std::uint64_t> done;
  const auto run = process(counted_items(300),
                           parwork::keyed(stages(
                                              id_of, limited(crowded(two), 2),
                                              [](std::uint64_t id) { return id - 1; }, ordered),
                                          [](const counted& item) { return item.id() % 4; }),
                           done.collector(), options());
  expect_counts(run, 300);
}

TEST_P(stages_sweep, a_reduction_takes_the_last_result) {
  std::vector<std::uint64_t> ids(500);
  for (std::uint64_t i = 0; i < ids.size(); ++i) ids[i] = i;
  crowd two(2);
  auto sum = parwork::reduce(
      std::uint64_t{0}, [](std::uint64_t& to, std::uint64_t id) { to += id; },
      [](std::uint64_t& to, std::uint64_t from) { to += from; });
  const auto run = process(parwork::split(ids),
                           stages([](std::uint64_t id) { return id; }, limited(crowded(two), 2)),
                           sum, options());
  expect_counts(run, 500);
  EXPECT_EQ(sum.value(), 500u + 499u * 500 / 2);
}

class stages_run : public leak_check {};

TEST_F(stages_run, who_waits_for_a_place_holds_no_worker) {
  // The one inside of the limited stage ends when all others have been through the first stage.
  tally passed;
  const auto first = [&](const counted& item) {
    passed.add();
    return item.id();
  };
  const auto second = [&](std::uint64_t id) {
    passed.wait_for(50);
    return id;
  };
  gathered<counted, std::uint64_t> done;
  expect_counts(process(counted_items(50), stages(first, limited(second, 1)), done.collector(),
                        {.workers = 2}),
                50);
}

TEST_F(stages_run, first_come_first_served) {
  // One worker is inside until the other one has sent everybody else to wait.
  constexpr std::uint64_t count = 50;
  std::vector<std::uint64_t> arrived;
  std::vector<std::uint64_t> served;
  std::mutex lock;
  tally arrivals;
  const auto first = [&](const counted& item) {
    const std::lock_guard guard(lock);
    arrived.push_back(item.id());
    arrivals.add();
    return item.id();
  };
  const auto second = [&](std::uint64_t id) {
    arrivals.wait_for(count);
    served.push_back(id);  // no lock: one at a time
    return id;
  };
  gathered<counted, std::uint64_t> done;
  expect_counts(process(counted_items(count), stages(first, limited(second, 1)), done.collector(),
                        {.workers = 2}),
                count);
  ASSERT_EQ(served.size(), count);
  std::erase(arrived, served.front());
  EXPECT_EQ(std::vector(served.begin() + 1, served.end()), arrived);
}

TEST_F(stages_run, a_stage_may_take_what_cannot_be_copied) {
  std::uint64_t sum = 0;
  const auto boxed = [](const counted& item) { return std::make_unique<counted>(item.id()); };
  const auto unboxed = [](std::unique_ptr<counted> box) { return box->id(); };
  expect_counts(process(counted_items(100), stages(boxed, limited(unboxed, 1)),
                        [&](std::uint64_t id) { sum += id; }),
                100);
  EXPECT_EQ(sum, 4950u);
}

TEST_F(stages_run, what_cannot_be_copied_is_not_tried_twice) {
  const auto boxed = [](const counted& item) { return std::make_unique<counted>(item.id()); };
  const auto unboxed = [](std::unique_ptr<counted> box) { return box->id(); };
  EXPECT_THROW(static_cast<void>(process(counted_items(1), stages(boxed, unboxed),
                                         [](std::uint64_t) {}, {.retry = {.max_attempts = 2}})),
               std::invalid_argument);
}

TEST_F(stages_run, a_last_stage_may_return_nothing) {
  std::atomic<std::uint64_t> sum{0};
  std::uint64_t calls = 0;
  expect_counts(
      process(counted_items(100), stages(id_of, limited([&](std::uint64_t id) { sum += id; }, 4)),
              [&] { ++calls; }),
      100);
  EXPECT_EQ(sum.load(), 4950u);
  EXPECT_EQ(calls, 100u);
}

TEST_F(stages_run, each_stage_may_have_a_state_of_its_worker) {
  const auto state = [] { return std::vector<std::uint64_t>(); };
  const auto kept = [](std::vector<std::uint64_t>& seen, std::uint64_t id) {
    seen.push_back(id);
    return id;
  };
  std::uint64_t sum = 0;
  expect_counts(process(counted_items(100),
                        stages(id_of, limited(parwork::per_worker(state, kept), 2),
                               parwork::per_worker(state, kept)),
                        [&](std::uint64_t id) { sum += id; }, {.workers = 4}),
                100);
  EXPECT_EQ(sum, 4950u);
}

TEST_F(stages_run, a_late_stage_has_failed) {
  const auto late = [](std::uint64_t id, context& about) {
    wait_for_stop(about.stop_token());
    return id;
  };
  gathered<counted, std::uint64_t> done;
  expect_counts(process(counted_items(4), stages(id_of, limited(late, 1)), done.collector(),
                        {.workers = 2, .timeout = std::chrono::milliseconds(2)}),
                0, 4);
  for (const auto& each : done) {
    EXPECT_EQ(each.result.error().kind(), failure_kind::timeout);
    EXPECT_EQ(each.result.error().stage(), 1u);
  }
}

TEST_F(stages_run, a_limit_of_nothing_is_refused) {
  EXPECT_THROW(static_cast<void>(limited(id_of, 0)), std::invalid_argument);
}

TEST_F(stages_run, a_recorded_run_counts_each_attempt) {
  parwork::recorder recorded;
  std::uint64_t sum = 0;
  crowd one(1);
  expect_counts(process(counted_items(100), stages(id_of, limited(crowded(one), 1)),
                        [&](std::uint64_t id) { sum += id; }, {.workers = 2, .record = &recorded}),
                100);
  EXPECT_EQ(sum, 5050u);
  expect_sound_lanes(recorded_by(recorded));
  EXPECT_EQ(recorded_by(recorded).durations().count(), 200u);  // two stages
}

}  // namespace
