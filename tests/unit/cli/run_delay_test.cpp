#include "jobs/run_delay.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;

TEST(run_delay, is_not_known_without_any_job) {
  const cli::run_delay none;
  EXPECT_FALSE(none.of_jobs(1s, 2));
}

TEST(run_delay, is_never_more_than_others_made_it) {
  cli::run_delay delay;
  delay.add({.had = 1ms, .waited = 0ns});
  EXPECT_EQ(delay.of_jobs(1s, 2), 0ns);
}

TEST(run_delay, of_a_process_is_what_the_kernel_says) {
  const auto own = cli::cpu_share_of(getpid());
  if (!own) GTEST_SKIP() << "this kernel does not tell";
  EXPECT_GT(own->had, 0ns);
  EXPECT_GE(own->waited, 0ns);
  EXPECT_FALSE(cli::cpu_share_of(0));
}

}  // namespace
