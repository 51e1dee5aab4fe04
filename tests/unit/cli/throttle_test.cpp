#include "jobs/throttle.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "jobs/machine.hpp"
#include "jobs/yielding.hpp"
#include "options/throttle_limits.hpp"
#include "support/error.hpp"
#include "support/temporary_folder.hpp"

namespace {

constexpr std::uint64_t throttle_mebi = std::uint64_t{1} << 20U;

cli::throttle_limits throttle_load(const char* text) {
  cli::throttle_limits limits;
  cli::parse_load(text, limits);
  return limits;
}

cli::throttle_limits throttle_memory(const char* text) {
  cli::throttle_limits limits;
  cli::parse_memory(text, limits);
  return limits;
}

TEST(throttle_limits, are_numbers_or_shares) {
  EXPECT_EQ(throttle_load("4").load, 4.0);
  EXPECT_FALSE(throttle_load("1.5").load_is_share);
  EXPECT_EQ(throttle_load("150%").load, 1.5);
  EXPECT_TRUE(throttle_load("150%").load_is_share);
  EXPECT_EQ(throttle_memory("1.5G").memory, 1536.0 * throttle_mebi);
  EXPECT_EQ(throttle_memory("25%").memory, 0.25);
  EXPECT_TRUE(throttle_memory("25%").memory_is_share);
  EXPECT_FALSE(cli::throttle_limits().any());
  EXPECT_TRUE(throttle_memory("1K").any());
}

TEST(throttle_limits, refuse_what_means_nothing) {
  for (const char* const wrong : {"", "0", "0%", "-1", "x", "1x", "%", "inf", "nan"}) {
    EXPECT_THROW(static_cast<void>(throttle_load(wrong)), cli::error) << wrong;
  }
  for (const char* const wrong : {"", "0", "0%", "101%", "-1", "x", "1X", "%", "nan%"}) {
    EXPECT_THROW(static_cast<void>(throttle_memory(wrong)), cli::error) << wrong;
  }
}

TEST(start_policy, allows_as_many_starts_as_the_load_is_below_its_limit) {
  cli::start_policy policy(throttle_load("4"), 2);
  EXPECT_EQ(policy.look(0, {}).starts, 4U);
  EXPECT_EQ(policy.look(3, {}).starts, 1U);
  const auto full = policy.look(4, {});
  EXPECT_EQ(full.starts, 0U);
  EXPECT_EQ(full.why, "4 threads want a CPU, and --load allows 4");
  EXPECT_FALSE(full.end_youngest);
}

TEST(start_policy, takes_the_highest_load_of_the_last_second) {
  cli::start_policy policy(throttle_load("100%"), 2);
  EXPECT_EQ(policy.look(2, {}).starts, 0U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(policy.look(0, {}).starts, 0U);
  EXPECT_EQ(policy.look(0, {}).starts, 2U);
}

TEST(start_policy, starts_nothing_while_memory_is_short_and_ends_jobs_below_the_half) {
  cli::start_policy policy(throttle_memory("100M"), 2);
  const auto with = [&](std::uint64_t available) {
    return policy.look({}, cli::memory_state{available * throttle_mebi, 1000 * throttle_mebi});
  };
  EXPECT_EQ(with(100).starts, cli::start_policy::unlimited);
  const auto less = with(99);
  EXPECT_EQ(less.starts, 0U);
  EXPECT_FALSE(less.end_youngest);
  EXPECT_EQ(less.why, "99 MiB of memory are available, and --memfree wants 100 MiB");
  EXPECT_FALSE(with(50).end_youngest);
  EXPECT_TRUE(with(49).end_youngest);
}

TEST(start_policy, knows_shares_of_the_memory) {
  cli::start_policy policy(throttle_memory("10%"), 2);
  EXPECT_EQ(policy.look({}, cli::memory_state{100, 1000}).starts, cli::start_policy::unlimited);
  EXPECT_EQ(policy.look({}, cli::memory_state{99, 1000}).starts, 0U);
}

TEST(yielding, chooses_the_youngest_one_at_a_time_and_never_the_last) {
  cli::yielding all;
  const auto first = all.begin();
  EXPECT_FALSE(all.choose_youngest());
  const auto second = all.begin();
  EXPECT_EQ(all.chosen(), 0U);
  EXPECT_TRUE(all.choose_youngest());
  EXPECT_EQ(all.chosen(), second);
  const auto third = all.begin();
  EXPECT_FALSE(all.choose_youngest());  // the one before has not ended
  all.end(second);
  EXPECT_EQ(all.chosen(), 0U);
  EXPECT_TRUE(all.choose_youngest());
  EXPECT_EQ(all.chosen(), third);
  all.end(third);
  EXPECT_FALSE(all.choose_youngest());
  all.end(first);
}

// A machine that is made of files.
class machine_of_files : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    const auto file = folder / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  cli::machine its() const { return cli::machine(folder / ""); }

  const temporary_folder folder;
};

using machine = machine_of_files;

TEST_F(machine, counts_all_that_run_but_who_asks) {
  EXPECT_FALSE(its().runnable());
  write("proc/loadavg", "5.49 4.36 3.78 5/108 26435\n");
  EXPECT_EQ(its().runnable(), 4U);
  write("proc/loadavg", "0.00 0.00 0.00 0/108 26435\n");
  EXPECT_EQ(its().runnable(), 0U);
}

TEST_F(machine, has_what_the_kernel_says_is_available) {
  EXPECT_FALSE(its().memory());
  write("proc/meminfo", "MemTotal:  2000 kB\nMemFree: 1 kB\nMemAvailable:    1000 kB\n");
  const auto memory = its().memory();
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->available, 1'024'000U);
  EXPECT_EQ(memory->total, 2'048'000U);
}

TEST_F(machine, has_no_more_than_its_control_groups) {
  write("proc/meminfo", "MemTotal: 2000 kB\nMemAvailable: 1000 kB\n");
  write("proc/self/cgroup", "1:name=other:/x\n0::/outer/inner\n");
  write("sys/fs/cgroup/outer/memory.max", "900000\n");
  write("sys/fs/cgroup/outer/memory.current", "800000\n");
  write("sys/fs/cgroup/outer/memory.stat", "anon 1\ninactive_file 300000\n");
  write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  write("sys/fs/cgroup/outer/inner/memory.current", "700000\n");
  const auto memory = its().memory();
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->available, 400'000U);
  EXPECT_EQ(memory->total, 900'000U);
}

TEST_F(machine, may_be_above_the_limit_of_its_group) {
  write("proc/meminfo", "MemTotal: 2000 kB\nMemAvailable: 1000 kB\n");
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "1000\n");
  write("sys/fs/cgroup/memory.current", "1200\n");
  EXPECT_EQ(its().memory()->available, 0U);
}

}  // namespace
