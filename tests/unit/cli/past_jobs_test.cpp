#include "record/past_jobs.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;

cli::outcome job(std::uint64_t run, double start, double duration, unsigned slot = 1) {
  cli::outcome made;
  made.run = run;
  made.start = start;
  made.duration = duration;
  made.slot = slot;
  made.attempt = 1;
  made.sequence = 1;
  return made;
}

TEST(past_jobs, runs_stand_one_behind_the_other_without_what_was_between) {
  cli::past_jobs jobs;
  jobs.add("late", job(2, 1000, 1));
  jobs.add("early", job(1, 10, 2));
  jobs.add("beside", job(1, 11, 3, 2));
  EXPECT_EQ(jobs.size(), 3U);
  EXPECT_EQ(jobs.runs(), 2U);
  EXPECT_EQ(jobs.slots(), 2U);
  EXPECT_EQ(jobs.begin(), 10);
  cli::job_record record("test", 2, {});
  EXPECT_EQ(std::move(jobs).move_into(record), 5s);
}

TEST(past_jobs, none) {
  cli::past_jobs jobs;
  EXPECT_EQ(jobs.slots(), 1U);
  EXPECT_EQ(jobs.begin(), 0);
  cli::job_record record("test", 1, {});
  EXPECT_EQ(std::move(jobs).move_into(record), 0s);
}

// Clocks are set while jobs run, and a double has no nanoseconds.
TEST(slot_times, attempts_of_a_slot_do_not_overlap) {
  cli::job_record record("test", 2, {});
  cli::slot_times times(record);
  times.add("a", job(1, 0, 2), 0, cli::attempt_fate::for_good);
  times.add("b", job(1, 0, 2), 1, cli::attempt_fate::for_good);
  EXPECT_EQ(times.last(), 3s);
  times.add("before", job(1, 0, 1), 0.5, cli::attempt_fate::for_good);
  EXPECT_EQ(times.last(), 3s);
  times.add("beside", job(1, 0, 1, 2), 0.5, cli::attempt_fate::for_good);
  EXPECT_EQ(times.last(), 3s);
  times.add("before all", job(1, 0, 1, 2), -5, cli::attempt_fate::for_good);
  EXPECT_EQ(times.last(), 3s);
}

}  // namespace
