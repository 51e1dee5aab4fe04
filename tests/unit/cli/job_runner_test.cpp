#include "jobs/job_runner.hpp"

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
using words = std::vector<std::string>;

words sorted(words those) {
  std::ranges::sort(those);
  return those;
}

using job_runner = cli_test::runner_test;

TEST_F(job_runner, starts_jobs_in_the_order_of_their_items) {
  fake_processes processes([](const words&) { return behaviour{.end = succeeds}; });
  EXPECT_EQ(run_all(processes, 20).size(), 20U);
  words wanted;
  for (int i = 1; i <= 20; ++i) wanted.push_back(std::to_string(i));
  EXPECT_EQ(processes.started(), wanted);
}

TEST_F(job_runner, runs_as_many_as_there_are_slots_and_each_slot_once) {
  settings.workers = 3;
  fake_processes processes([](const words&) { return behaviour{}; });
  begin(processes);
  const auto ended = run_while(9, [&] {
    for (int round = 0; round < 3; ++round) {
      processes.wait_until_running(3);
      for (int i = 1; i <= 3; ++i) processes.end(std::to_string(round * 3 + i));
      processes.wait_until_running(round < 2 ? 3 : 0);
    }
  });
  EXPECT_EQ(processes.most_at_once(), 3U);
  EXPECT_EQ(ended.size(), 9U);
  std::set<unsigned> slots;
  for (const ended_job& each : ended) slots.insert(each.what->slot);
  EXPECT_EQ(slots, (std::set<unsigned>{1, 2, 3}));
}

TEST_F(job_runner, tries_failed_jobs_again_before_those_behind_them) {
  settings.retries = 2;
  std::atomic<int> attempts_of_1 = 0;
  fake_processes processes([&](const words& arguments) {
    const bool again = arguments.back() == "1" && ++attempts_of_1 < 3;
    return behaviour{.end = again ? fails : succeeds};
  });
  const auto ended = run_all(processes, 3);
  ASSERT_EQ(ended.size(), 3U);
  for (const ended_job& each : ended) {
    EXPECT_TRUE(each.what->succeeded());
    EXPECT_EQ(each.what->attempt, each.sequence == 1 ? 3U : 1U);
  }
  EXPECT_EQ(runner().counts().succeeded, 3U);
  EXPECT_EQ(runner().counts().failed, 0U);
}

TEST_F(job_runner, halts_now_by_ending_what_runs) {
  settings.workers = 2;
  settings.grace = std::chrono::hours(1);
  settings.halt = cli::parse_halt("now,fail=1");
  fake_processes processes([](const words&) { return behaviour{}; });
  begin(processes);
  const auto ended = run_while(9, [&] {
    processes.wait_until_running(2);
    processes.end("1", fails);
  });
  EXPECT_EQ(sorted(processes.started()), (words{"1", "2"}));  // by two lanes at once
  for (const ended_job& each : ended) {
    if (each.sequence > 2) {
      EXPECT_FALSE(each.what);
    } else {
      EXPECT_EQ(each.what->why, each.sequence == 1 ? cli::cause::exit : cli::cause::halted);
    }
  }
}

TEST_F(job_runner, halts_soon_by_starting_nothing_more) {
  settings.workers = 2;
  settings.halt = cli::parse_halt("soon,fail=1");
  fake_processes processes([](const words&) { return behaviour{}; });
  begin(processes);
  run_while(9, [&] {
    processes.wait_until_running(2);
    processes.end("1", fails);
    wait_until_stopping();  // else the end of 2 may be seen first, and 3 starts in its slot
    processes.end("2");
  });
  EXPECT_EQ(sorted(processes.started()), (words{"1", "2"}));  // by two lanes at once
  EXPECT_EQ(processes.signals(), std::vector<int>{});
  EXPECT_EQ(runner().counts().succeeded, 1U);
}

TEST_F(job_runner, ends_attempts_that_take_too_long) {
  settings.timeout = std::chrono::milliseconds(1);
  settings.grace = std::chrono::hours(1);
  fake_processes processes([](const words&) { return behaviour{}; });
  const auto ended = run_all(processes, 1);
  EXPECT_EQ(ended.at(0).what->why, cli::cause::timeout);
  EXPECT_EQ(processes.signals(), (std::vector<int>{SIGTERM, SIGCONT}));
}

TEST_F(job_runner, kills_what_does_not_end_within_the_grace) {
  settings.timeout = std::chrono::milliseconds(1);
  settings.grace = std::chrono::milliseconds(1);
  fake_processes processes([](const words&) { return behaviour{.ends_by = SIGKILL}; });
  const auto ended = run_all(processes, 1);
  EXPECT_EQ(ended.at(0).what->why, cli::cause::timeout);
  EXPECT_EQ(ended.at(0).what->signal, SIGKILL);
  EXPECT_EQ(processes.signals(), (std::vector<int>{SIGTERM, SIGCONT, SIGKILL}));
}

TEST_F(job_runner, waits_for_the_end_of_another_job_where_resources_lack) {
  settings.workers = 2;
  std::atomic<bool> first_runs = true;
  std::atomic<int> refused = 0;
  fake_processes processes([&](const words& arguments) {
    if (arguments.back() == "1") return behaviour{};
    if (!first_runs) return behaviour{.end = succeeds};
    ++refused;
    refused.notify_all();
    return behaviour{.fault = EAGAIN};
  });
  begin(processes);
  run_while(2, [&] {
    refused.wait(0);
    first_runs = false;
    processes.end("1");
  });
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(runner().counts().succeeded, 2U);
}

TEST_F(job_runner, refuses_a_run_whose_command_is_not_there) {
  fake_processes processes([](const words&) { return behaviour{.fault = ENOENT}; });
  run_all(processes, 5);
  const auto refused = runner().refused();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 127);
  EXPECT_EQ(refused->message, "cannot run 'program': command not found");
}

TEST_F(job_runner, stops_and_continues_all_that_run) {
  settings.workers = 2;
  fake_processes processes([](const words&) { return behaviour{}; });
  begin(processes);
  const auto ended = run_while(2, [&] {
    processes.wait_until_running(2);
    runner().suspend_jobs();
    runner().continue_jobs();
    EXPECT_EQ(processes.signals(), (std::vector<int>{SIGSTOP, SIGSTOP, SIGCONT, SIGCONT}));
    processes.end("1");
    processes.end("2");
  });
  EXPECT_EQ(ended.size(), 2U);
}

}  // namespace
