// Items of the command line made into jobs.
#include "jobs/job_input.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/error.hpp"

namespace {

using words = std::vector<std::string>;

cli::input_settings items(words given, std::uint64_t per_job = 1) {
  cli::input_settings from;
  from.arguments = std::move(given);
  from.items_per_job = per_job;
  return from;
}

TEST(job_input, numbers_jobs_in_the_order_of_their_items) {
  const auto from = items({"a", "b"});
  cli::job_input input(from, nullptr);
  EXPECT_EQ(input.total(), 2U);
  const auto first = input.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->sequence, 1U);
  EXPECT_EQ(first->items, words{"a"});
  EXPECT_EQ(first->columns, words{"a"});
  EXPECT_FALSE(input.has_ended());
  EXPECT_EQ(input.count_rest(), 1U);
  EXPECT_EQ(input.next()->sequence, 2U);
  EXPECT_FALSE(input.next());
  EXPECT_TRUE(input.has_ended());
  EXPECT_EQ(input.count(), 2U);
  EXPECT_EQ(input.count_rest(), 0U);
}

TEST(job_input, puts_several_items_into_a_job_and_the_rest_into_the_last) {
  const auto from = items({"a", "b", "c"}, 2);
  cli::job_input input(from, nullptr);
  EXPECT_EQ(input.total(), 2U);
  EXPECT_EQ(input.next()->items, (words{"a", "b"}));
  EXPECT_FALSE(input.has_ended());
  EXPECT_EQ(input.next()->items, words{"c"});
  EXPECT_TRUE(input.has_ended()) << "the last job is not full";
  EXPECT_EQ(input.count(), 2U);
}

TEST(job_input, cuts_columns_from_the_first_item) {
  auto from = items({"a,b,,c"});
  from.columns = ",";
  cli::job_input input(from, nullptr);
  EXPECT_EQ(input.next()->columns, (words{"a", "b", "", "c"}));
}

TEST(job_input, takes_the_items_of_a_resumed_run_in_place_of_its_settings) {
  const auto from = items({"new"});
  const words known{"old", ""};
  cli::job_input input(from, &known);
  EXPECT_EQ(input.next()->items, words{"old"});
  EXPECT_EQ(input.next()->items, words{""}) << "none is skipped: it was not then";
  EXPECT_FALSE(input.next());
}

TEST(job_input, a_file_that_cannot_be_opened_is_named) {
  cli::input_settings from;
  from.file = "/nowhere/items";
  try {
    const cli::job_input input(from, nullptr);
    FAIL() << "opened";
  } catch (const cli::error& fault) {
    EXPECT_NE(std::string(fault.what()).find("/nowhere/items"), std::string::npos);
  }
}

}  // namespace
