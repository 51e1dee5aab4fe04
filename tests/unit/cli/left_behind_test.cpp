#include "jobs/left_behind.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace std::chrono_literals;
using clock_type = cli::left_behind::clock;

// Groups live until they are told to end, or are killed.
class groups : public cli::process_starter {
 public:
  std::set<pid_t> alive;
  std::vector<pid_t> killed;

  cli::launched start(const std::vector<std::string>& /*arguments*/, char* const* /*environment*/,
                      const cli::process_streams& /*streams*/) override {
    return {};
  }
  bool take_end(int /*pidfd*/, cli::process_end& /*end*/) override { return true; }
  int stopped_by(int /*pidfd*/) noexcept override { return 0; }
  void signal_group(pid_t /*group*/, int /*number*/) noexcept override {}
  void end(std::span<cli::job_processes* const> /*jobs*/) noexcept override {}
  void kill(std::span<cli::job_processes* const> jobs) noexcept override {
    for (const auto* each : jobs) killed.push_back(each->group);
  }
  void look(std::span<cli::job_processes* const> jobs) noexcept override {
    for (auto* each : jobs) each->is_alive = alive.contains(each->group);
  }
};

cli::job_processes job(pid_t group) {
  cli::job_processes made;
  made.group = group;
  return made;
}

TEST(left_behind, what_has_ended_is_forgotten) {
  groups all;
  cli::left_behind left(all);
  left.add(job(1), clock_type::now() + 1h);
  EXPECT_TRUE(left.next_look());
  left.look();
  EXPECT_TRUE(left.is_empty());
  EXPECT_FALSE(left.next_look());
  EXPECT_TRUE(all.killed.empty());
}

TEST(left_behind, what_lives_is_killed_when_its_grace_is_over) {
  groups all;
  all.alive = {1, 2};
  cli::left_behind left(all);
  left.add(job(1), clock_type::now() + 1h);
  left.add(job(2), clock_type::now());
  left.look();
  EXPECT_EQ(all.killed, std::vector<pid_t>{2});
  EXPECT_FALSE(left.is_empty());
}

TEST(left_behind, all_are_killed_when_nobody_waits_any_more) {
  groups all;
  all.alive = {1, 2};
  cli::left_behind left(all);
  left.add(job(1), clock_type::now() + 1h);
  left.add(job(2), clock_type::now() + 1h);
  left.look();
  EXPECT_TRUE(all.killed.empty());
  left.kill_now();
  left.look();
  EXPECT_EQ(all.killed, (std::vector<pid_t>{1, 2}));
  EXPECT_TRUE(left.is_empty());
}

}  // namespace
