// When jobs are started: delays, slots that come and go, starts that are held back, and what gives
// way.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "fake_processes.hpp"
#include "job_run.hpp"

namespace {

using cli_test::behaviour;
using cli_test::ended_job;
using cli_test::fails;
using cli_test::fake_processes;
using cli_test::succeeds;
using job_starts = cli_test::runner_test;
using words = std::vector<std::string>;

// When processes were started.
class start_times {
 public:
  using clock = std::chrono::steady_clock;

  void note() {
    const std::lock_guard lock(mutex_);
    times_.push_back(clock::now());
  }
  [[nodiscard]] clock::duration least_between() const {
    const std::lock_guard lock(mutex_);
    auto least = clock::duration::max();
    for (std::size_t i = 1; i < times_.size(); ++i) {
      least = std::min(least, times_[i] - times_[i - 1]);
    }
    return least;
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return times_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<clock::time_point> times_;
};

TEST_F(job_starts, lets_a_delay_pass_between_two_starts_of_all_slots) {
  settings.workers = 4;
  settings.delay = std::chrono::milliseconds(5);
  start_times times;
  fake_processes processes([&](const words&) {
    times.note();
    return behaviour{.end = succeeds};
  });
  EXPECT_EQ(run_all(processes, 8).size(), 8U);
  EXPECT_EQ(times.count(), 8U);
  EXPECT_GE(times.least_between(), settings.delay);
}

TEST_F(job_starts, lets_a_delay_pass_before_further_attempts) {
  settings.workers = 2;
  settings.retries = 2;
  settings.delay = std::chrono::milliseconds(5);
  start_times times;
  fake_processes processes([&](const words&) {
    times.note();
    return behaviour{.end = fails};
  });
  EXPECT_EQ(run_all(processes, 3).size(), 3U);
  EXPECT_EQ(times.count(), 9U);
  EXPECT_GE(times.least_between(), settings.delay);
}

TEST_F(job_starts, stops_in_the_middle_of_a_delay) {
  settings.workers = 4;
  settings.delay = std::chrono::hours(1);
  settings.halt = cli::parse_halt("soon,done=1");
  fake_processes processes([](const words&) { return behaviour{}; });
  begin(processes);
  const auto ended = run_while(9, [&] {
    processes.wait_until_running(1);
    processes.end("1");
  });
  EXPECT_EQ(processes.started(), words{"1"});
  EXPECT_EQ(std::ranges::count_if(ended, [](const auto& each) { return each.what.has_value(); }),
            1);
}

TEST_F(job_starts, counts_no_start_for_lack_of_resources_as_one) {
  settings.workers = 2;
  settings.delay = std::chrono::hours(1);
  std::atomic<int> refused = 0;
  fake_processes processes([&](const words&) {
    if (refused++ == 0) return behaviour{.fault = EAGAIN};
    return behaviour{.end = succeeds};
  });
  EXPECT_EQ(run_all(processes, 1).size(), 1U);
  EXPECT_EQ(processes.started(), words{"1"});
}

TEST_F(job_starts, starts_what_came_while_it_was_suspended) {
  settings.workers = 2;
  fake_processes processes([](const words&) { return behaviour{.end = succeeds}; });
  begin(processes);
  runner().suspend_jobs();
  const auto ended = run_while(5, [&] {
    EXPECT_EQ(processes.started(), words{});
    runner().continue_jobs();
  });
  EXPECT_EQ(ended.size(), 5U);
}

TEST_F(job_starts, gives_out_more_slots_while_it_runs) {
  settings.workers = 1;
  settings.most_workers = 8;
  fake_processes processes([](const words&) { return behaviour{}; });
  begin(processes);
  const auto ended = run_while(6, [&] {
    processes.wait_until_running(1);
    runner().set_slots(4);
    processes.wait_until_running(4);
    for (int i = 1; i <= 6; ++i) processes.end(std::to_string(i));
  });
  EXPECT_EQ(ended.size(), 6U);
  EXPECT_EQ(runner().most_slots_used(), 4U);
}

TEST_F(job_starts, gives_out_no_slot_beyond_a_number_that_has_fallen) {
  settings.workers = 4;
  settings.most_workers = 4;
  fake_processes processes([](const words&) { return behaviour{}; });
  begin(processes);
  const auto ended = run_while(8, [&] {
    processes.wait_until_running(4);
    runner().set_slots(2);
    processes.end("1");
    processes.wait_until_running(3);
    processes.end("2");
    processes.wait_until_running(2);
    for (int i = 3; i <= 8; ++i) processes.end(std::to_string(i));
  });
  for (const ended_job& each : ended) {
    if (each.sequence > 4) {
      EXPECT_LE(each.what->slot, 2U);
    }
  }
}

TEST_F(job_starts, starts_no_more_than_it_is_allowed) {
  settings.workers = 4;
  fake_processes processes([](const words&) { return behaviour{}; });
  begin(processes);
  runner().allow_starts(1);
  const auto ended = run_while(4, [&] {
    processes.wait_until_running(1);
    processes.end("1");
    processes.wait_until_running(0);
    EXPECT_EQ(processes.started(), words{"1"});
    runner().allow_starts(2);
    processes.wait_until_running(2);
    EXPECT_EQ(processes.started().size(), 3U);
    runner().allow_starts(cli::start_gate::unlimited);
    for (int i = 2; i <= 4; ++i) processes.end(std::to_string(i));
  });
  EXPECT_EQ(ended.size(), 4U);
}

TEST_F(job_starts, stops_while_nothing_is_allowed) {
  settings.workers = 4;
  fake_processes processes([](const words&) { return behaviour{}; });
  begin(processes);
  runner().allow_starts(0);
  run_while(4, [&] { runner().end_jobs(cli::cause::interrupted); });
  EXPECT_EQ(processes.started(), words{});
}

TEST_F(job_starts, ends_the_youngest_and_starts_it_again_as_if_it_had_not_been) {
  settings.workers = 2;
  settings.limits.memory = 1;
  settings.halt = cli::parse_halt("now,fail=1");
  fake_processes processes([](const words&) { return behaviour{}; });
  begin(processes);
  runner().allow_starts(1);
  const auto ended = run_while(2, [&] {
    processes.wait_until_running(1);
    runner().end_youngest();  // the only one: it is left alone
    EXPECT_EQ(processes.signals(), std::vector<int>{});
    runner().allow_starts(1);
    processes.wait_until_running(2);
    runner().allow_starts(0);
    runner().end_youngest();
    processes.wait_until_running(1);
    runner().allow_starts(1);
    processes.wait_until_running(2);
    EXPECT_EQ(processes.started(), (words{"1", "2", "2"}));
    processes.end("1");
    processes.end("2");
  });
  ASSERT_EQ(ended.size(), 2U);
  for (const ended_job& each : ended) {
    EXPECT_TRUE(each.what->succeeded());
    EXPECT_EQ(each.what->attempt, 1U);
  }
  EXPECT_EQ(runner().counts().failed, 0U);
}

TEST_F(job_starts, halts_what_it_ended_for_memory_where_the_run_stops_meanwhile) {
  settings.workers = 2;
  settings.limits.memory = 1;
  settings.grace = std::chrono::hours(1);
  fake_processes processes([](const words& arguments) {
    return behaviour{.ends_by = arguments.back() == "2" ? SIGKILL : SIGTERM};
  });
  begin(processes);
  runner().allow_starts(1);
  const auto ended = run_while(2, [&] {
    processes.wait_until_running(1);
    runner().allow_starts(1);
    processes.wait_until_running(2);
    runner().end_youngest();
    runner().end_jobs(cli::cause::interrupted);
    processes.wait_until_running(1);
    runner().kill_jobs();
  });
  for (const ended_job& each : ended) {
    ASSERT_TRUE(each.what);
    EXPECT_EQ(each.what->why, cli::cause::interrupted);
  }
}

TEST_F(job_starts, leaves_no_job_behind_that_lacked_resources_when_the_run_stopped) {
  settings.workers = 2;
  std::atomic<bool> asked = false;
  std::promise<void> stopped;
  auto told = stopped.get_future().share();
  fake_processes processes([&](const words&) {
    asked = true;
    asked.notify_all();
    told.wait();
    return behaviour{.fault = EAGAIN};
  });
  begin(processes);
  const auto ended = run_while(1, [&] {
    asked.wait(false);
    runner().end_jobs(cli::cause::interrupted);
    stopped.set_value();
  });
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_FALSE(ended.front().what);
}

}  // namespace
