#include "jobs/job_processes.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>

namespace {

constexpr pid_t tool = 100;
constexpr pid_t session = 90;
constexpr pid_t group = 200;

cli::process_origin attempt(std::uint64_t sequence) { return {sequence, 1, "run"}; }

class job_processes : public testing::Test {
 protected:
  // A child is as young as its number.
  cli::process_entry& add(pid_t pid, pid_t parent, pid_t of_group, pid_t of_session = session) {
    return all_.emplace_back(cli::process_entry{
        {pid, static_cast<std::uint64_t>(pid)}, parent, of_group, of_session, "name", false});
  }

  std::size_t look(std::initializer_list<cli::job_processes*> jobs) {
    return cli::find_processes({jobs.begin(), jobs.size()}, all_, tool, [this](pid_t pid) {
      const auto found = origins_.find(pid);
      return found == origins_.end() ? std::nullopt : std::optional(found->second);
    });
  }

  static std::vector<pid_t> outside(const cli::job_processes& job) {
    std::vector<pid_t> all;
    for (const auto& each : job.outside) all.push_back(each.id.pid);
    return all;
  }

  void SetUp() override {
    add(tool, 1, tool);
    add(group, tool, group);
    job.group = group;
    job.origin = attempt(1);
  }

  cli::process_table all_;
  std::map<pid_t, cli::process_origin> origins_;
  cli::job_processes job;
};

using pids = std::vector<pid_t>;

TEST_F(job_processes, those_of_the_group_are_not_outside) {
  add(201, group, group);
  EXPECT_EQ(look({&job}), 0U);
  EXPECT_EQ(outside(job), pids());
  EXPECT_TRUE(job.is_alive);
}

TEST_F(job_processes, a_child_with_a_group_of_its_own_and_its_children_are_found) {
  add(201, group, 201);
  add(202, 201, 201);
  add(203, 202, 203, 203);  // a session of its own, and a parent that lives
  EXPECT_EQ(look({&job}), 3U);
  EXPECT_EQ(outside(job), (pids{201, 202, 203}));
  EXPECT_EQ(look({&job}), 0U);  // known now
}

TEST_F(job_processes, others_are_left_alone) {
  add(301, tool, 301);  // another job
  add(302, 301, 302);
  add(303, 1, 303);
  EXPECT_EQ(look({&job}), 0U);
}

TEST_F(job_processes, an_adopted_one_belongs_to_the_attempt_that_it_names) {
  cli::job_processes other;
  other.group = 300;
  other.origin = attempt(2);
  add(300, tool, 300);
  add(401, tool, 401);
  add(402, tool, 402);
  add(403, tool, 403);  // of nobody
  origins_ = {{401, attempt(2)}, {402, attempt(1)}};
  EXPECT_EQ(look({&job, &other}), 2U);
  EXPECT_EQ(outside(job), pids{402});
  EXPECT_EQ(outside(other), pids{401});
}

TEST_F(job_processes, one_of_an_earlier_attempt_is_left) {
  add(401, tool, 401);
  origins_ = {{401, {1, 2, "run"}}};
  EXPECT_EQ(look({&job}), 0U);
}

TEST_F(job_processes, an_adopted_one_with_a_session_of_its_own_is_a_daemon) {
  add(401, tool, 401, 401);
  add(402, 401, 401, 401);
  origins_ = {{401, attempt(1)}, {402, attempt(1)}};
  EXPECT_EQ(look({&job}), 0U);
  ASSERT_EQ(job.daemons.size(), 1U);
  EXPECT_EQ(job.daemons[0].id.pid, 401);
  job.is_ending = true;
  all_[1].is_dead = true;
  EXPECT_EQ(look({&job}), 0U);  // it stays one
  EXPECT_FALSE(job.is_alive);
}

TEST_F(job_processes, what_becomes_one_while_the_job_is_ended_is_none) {
  job.is_ending = true;
  add(401, tool, 401, 401);
  origins_ = {{401, attempt(1)}};
  EXPECT_EQ(look({&job}), 1U);
  EXPECT_EQ(outside(job), pids{401});
}

TEST_F(job_processes, a_known_one_is_kept_when_its_parent_is_gone) {
  add(201, group, 201, 201);
  EXPECT_EQ(look({&job}), 1U);
  all_.erase(all_.begin() + 1);  // the leader
  all_.back().parent = tool;     // no environment names it
  job.is_ending = true;
  EXPECT_EQ(look({&job}), 0U);
  EXPECT_EQ(outside(job), pids{201});
  EXPECT_TRUE(job.is_alive);
}

TEST_F(job_processes, a_later_process_with_a_known_number_is_not_taken_for_it) {
  add(201, group, 201);
  EXPECT_EQ(look({&job}), 1U);
  all_.back() = {{201, 999}, 1, 201, session, "other", false};
  EXPECT_EQ(look({&job}), 0U);
  EXPECT_EQ(outside(job), pids());
}

TEST_F(job_processes, a_child_that_is_older_than_its_parent_is_anothers) {
  add(50, group, 50);
  EXPECT_EQ(look({&job}), 0U);
}

TEST_F(job_processes, dead_ones_are_not_there) {
  add(201, group, 201).is_dead = true;
  all_[1].is_dead = true;
  EXPECT_EQ(look({&job}), 0U);
  EXPECT_FALSE(job.is_alive);
}

TEST_F(job_processes, what_a_run_within_has_started_is_its_own) {
  add(201, group, 201);
  origins_ = {{201, {7, 1, "another run"}}};
  EXPECT_EQ(look({&job}), 1U);
  EXPECT_TRUE(job.outside[0].is_managed);
}

TEST(process_table, a_status_is_read_whatever_the_name_is) {
  const auto read = cli::parse_process(
      "4711 (a) b (c\n) S 1 2 3 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 2 3");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, (cli::process_id{4711, 987654}));
  EXPECT_EQ(read->name, "a) b (c\n");
  EXPECT_EQ(read->parent, 1);
  EXPECT_EQ(read->group, 2);
  EXPECT_EQ(read->session, 3);
  EXPECT_FALSE(read->is_dead);
}

TEST(process_table, what_is_none_is_refused) {
  for (const char* text : {"", "1", "1 (a", "1 (a)", "1 (a) ", "1 (a) S", "1 (a) S x",
                           "1 (a) S 1 2", ")1 (", "x (a) S 1 2 3"}) {
    EXPECT_FALSE(cli::parse_process(text)) << text;
  }
}

TEST(process_table, this_process_is_in_it) {
  const auto all = cli::read_processes();
  const auto found = std::ranges::find(all, getpid(), [](const auto& each) { return each.id.pid; });
  ASSERT_NE(found, all.end());
  EXPECT_EQ(found->parent, getppid());
  EXPECT_EQ(found->group, getpgrp());
  EXPECT_EQ(found->session, getsid(0));
}

TEST(process_table, an_origin_is_read_from_an_environment) {
  using namespace std::string_literals;
  EXPECT_EQ(cli::parse_origin("A=b\0PARWORK_SEQ=12\0PARWORK_RUN=ab\0PARWORK_ATTEMPT=3"s),
            (cli::process_origin{12, 3, "ab"}));
  EXPECT_FALSE(cli::parse_origin(""));
  EXPECT_FALSE(cli::parse_origin("PARWORK_SEQ=12\0PARWORK_RUN=ab"s));
  EXPECT_FALSE(cli::parse_origin("PARWORK_SEQ=1x\0PARWORK_RUN=ab\0PARWORK_ATTEMPT=3"s));
}

}  // namespace
