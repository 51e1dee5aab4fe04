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

const cli::command_template echo = cli::command_template::of_words({"echo"});

cli::job_input input_of(const cli::input_settings& from) {
  return {from, echo, {.room = 1 << 20, .slots = 4}};
}

TEST(job_input, numbers_jobs_in_the_order_of_their_items) {
  const auto from = items({"a", "b"});
  auto input = input_of(from);
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
  auto input = input_of(from);
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
  auto input = input_of(from);
  EXPECT_EQ(input.next()->columns, (words{"a", "b", "", "c"}));
}

TEST(job_input, a_header_is_no_job) {
  auto from = items({"name,age", "bob,3"});
  from.columns = ",";
  from.header = true;
  auto input = input_of(from);
  EXPECT_EQ(input.read_header(), (words{"name", "age"}));
  EXPECT_EQ(input.header(), words{"name,age"});
  EXPECT_EQ(input.total(), 1U);
  const auto first = input.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->sequence, 1U);
  EXPECT_EQ(first->columns, (words{"bob", "3"}));
}

TEST(job_input, a_header_that_has_a_name_twice_is_refused) {
  for (const char* header : {"a,b,a", "x,,,x"}) {
    auto from = items({header});
    from.columns = ",";
    from.header = true;
    auto input = input_of(from);
    EXPECT_THROW(static_cast<void>(input.read_header()), cli::error) << header;
  }
  auto from = items({",,a"});
  from.columns = ",";
  from.header = true;
  EXPECT_EQ(input_of(from).read_header(), (words{"", "", "a"}));
}

TEST(job_input, a_combination_is_one_item_of_each_list) {
  cli::input_settings from;
  from.lists = {{.words = words{"a", "b"}, .file = {}}, {.words = words{"1", "2"}, .file = {}}};
  auto input = input_of(from);
  EXPECT_EQ(input.next()->items, (words{"a", "1"}));
  EXPECT_EQ(input.total(), 4U);
  EXPECT_EQ(input.count_rest(), 3U);
  EXPECT_EQ(input.next()->columns, (words{"a", "2"}));
}

TEST(job_input, a_file_that_cannot_be_opened_is_named) {
  cli::input_settings from;
  from.file = "/nowhere/items";
  try {
    static_cast<void>(input_of(from));
    FAIL() << "opened";
  } catch (const cli::error& fault) {
    EXPECT_NE(std::string(fault.what()).find("/nowhere/items"), std::string::npos);
  }
}

}  // namespace
