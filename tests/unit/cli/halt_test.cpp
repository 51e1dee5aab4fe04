#include "jobs/halt.hpp"

#include <gtest/gtest.h>

#include "support/error.hpp"

namespace {

cli::outcome with_exit(int status) {
  cli::outcome ended;
  ended.exit = status;
  return ended;
}

TEST(halt, rules_are_read) {
  const auto policy = cli::parse_halt("soon,done=50%");
  EXPECT_EQ(policy.when, cli::halt_when::soon);
  EXPECT_EQ(policy.on, cli::halt_on::done);
  EXPECT_EQ(policy.count, 50U);
  EXPECT_EQ(policy.unit, cli::halt_unit::per_cent);
  for (const char* text : {"", "now", "now,fail", "now=1,fail", "now,fail=0", "now,fail=101%",
                           "now,fail=1x", "then,fail=1"}) {
    EXPECT_THROW(static_cast<void>(cli::parse_halt(text)), cli::error) << text;
  }
}

TEST(halt, it_is_met_once) {
  cli::halt_rule rule(cli::parse_halt("now,fail=2"));
  EXPECT_FALSE(rule.note(with_exit(1)));
  EXPECT_FALSE(rule.note(with_exit(0)));
  EXPECT_TRUE(rule.note(with_exit(1)));
  EXPECT_FALSE(rule.note(with_exit(1)));
  EXPECT_EQ(rule.status(), std::nullopt);
}

TEST(halt, the_first_failure_gives_the_status_of_fail_1) {
  cli::halt_rule rule(cli::parse_halt("soon,fail=1"));
  EXPECT_FALSE(rule.note(with_exit(0)));
  EXPECT_TRUE(rule.note(with_exit(7)));
  EXPECT_FALSE(rule.note(with_exit(8)));
  EXPECT_EQ(rule.status(), 7);
}

TEST(halt, a_share_needs_a_few_jobs_to_be_one) {
  cli::halt_rule rule(cli::parse_halt("now,fail=10%"));
  EXPECT_FALSE(rule.note(with_exit(1)));
  EXPECT_FALSE(rule.note(with_exit(0)));
  EXPECT_TRUE(rule.note(with_exit(0)));
}

TEST(halt, a_share_of_all_needs_their_number) {
  cli::halt_rule rule(cli::parse_halt("now,done=50%"));
  EXPECT_FALSE(rule.note(with_exit(0)));
  EXPECT_FALSE(rule.note(with_exit(0)));
  rule.total_is(6);
  EXPECT_TRUE(rule.note(with_exit(0)));
}

}  // namespace
