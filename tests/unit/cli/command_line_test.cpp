#include "options/command_line.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "options/option_table.hpp"
#include "support/error.hpp"

namespace {

using words = std::vector<std::string>;

cli::run_settings parse(const words& given) { return cli::parse_run(given).settings; }

TEST(command_line, options_end_at_the_first_word_that_is_none) {
  const auto settings = parse({"-kj", "3", "sh", "-c", "--tag"});
  EXPECT_EQ(settings.workers, 3U);
  EXPECT_EQ(settings.order, cli::output_order::input);
  EXPECT_FALSE(settings.tag);
  EXPECT_EQ(settings.command, (words{"sh", "-c", "--tag"}));
  EXPECT_EQ(parse({"--", "-odd"}).command, words{"-odd"});
}

TEST(command_line, defaults_that_depend_on_others) {
  EXPECT_EQ(parse({"-j3", "x"}).ahead, 300U);
  EXPECT_EQ(parse({"-j3", "--ahead=7", "x"}).ahead, 7U);
  EXPECT_EQ(parse({"x"}).grace, std::chrono::seconds(5));
}

TEST(command_line, a_recorded_one_is_read_again_with_changes) {
  const auto first = parse({"-j3", "--journal", "j", "echo", ":::", "a", "--b"});
  const auto again = cli::parse_again(first.called.options, {"-j", "5"}, first.called.others);
  EXPECT_EQ(again.workers, 5U);
  EXPECT_TRUE(again.resume);
  EXPECT_EQ(again.command, words{"echo"});
  EXPECT_EQ(again.input.arguments, (words{"a", "--b"}));
}

TEST(command_line, options_for_the_same_command_with_other_items) {
  const auto settings = parse({"-0kj3", "-aitems", "--timeout=5s", "--input=other", "x"});
  EXPECT_EQ(settings.called.options_for_again, (words{"-k", "-j", "3", "--timeout", "5s"}));
}

TEST(command_line, blocks_have_a_size_or_so_many_records) {
  const auto blocks = [](std::vector<std::string> words) {
    words.insert(words.begin(), "--pipe");
    words.emplace_back("cat");
    return *cli::parse_run(words).settings.input.blocks;
  };
  EXPECT_EQ(blocks({}).size, 1U << 20);
  EXPECT_EQ(blocks({"--block", "3K"}).size, 3U << 10);
  EXPECT_EQ(blocks({"-n", "7"}).size, 0U);
  EXPECT_EQ(blocks({"-n", "7"}).records, 7U);
  EXPECT_FALSE(blocks({}).header);
  EXPECT_TRUE(blocks({"--header"}).header);
}

TEST(command_line, blocks_in_flight_take_no_more_memory_than_output_that_waits) {
  const auto ahead = [](const std::vector<std::string>& words) {
    return cli::parse_run(words).settings.ahead;
  };
  EXPECT_EQ(ahead({"-j4", "--pipe", "--buffer", "20M", "cat"}), 20U);
  EXPECT_EQ(ahead({"-j4", "--pipe", "--block", "1G", "cat"}), 12U);
  EXPECT_EQ(ahead({"-j4", "--pipe", "--block", "1", "cat"}), 400U);
  EXPECT_EQ(ahead({"-j4", "--pipe", "--ahead", "7", "cat"}), 7U);
}

TEST(command_line, the_terminal_is_for_one_job_at_a_time) {
  EXPECT_EQ(cli::parse_run({"--tty", "cat", ":::", "a"}).settings.workers, 1U);
  EXPECT_EQ(cli::parse_run({"--tty", "-j1", "cat", ":::", "a"}).settings.workers, 1U);
  EXPECT_THROW(static_cast<void>(cli::parse_run({"--tty", "-j2", "cat", ":::", "a"})), cli::error);
}

TEST(command_line, the_most_similar_word) {
  const words known{"--journal", "--output", "--timeout"};
  EXPECT_EQ(cli::most_similar("--jurnal", known), "--journal");
  EXPECT_EQ(cli::most_similar("--time", known), "--timeout");
  EXPECT_EQ(cli::most_similar("--elephant", known), "");
}

}  // namespace
