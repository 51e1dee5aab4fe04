// Items put together for jobs, within what one command line holds.
#include "jobs/item_groups.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace {

using words = std::vector<std::string>;

words group_items(std::size_t count) {
  words all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(std::to_string(i));
  return all;
}

std::vector<words> groups_of(const words& items, const cli::input_settings& from,
                             const cli::command_template& command, cli::job_division division) {
  const auto source = cli::items_of(items, cli::blank_items::kept);
  cli::item_groups groups(from, command, division);
  std::vector<words> found;
  while (auto next = groups.next(*source, cli::waiting::for_input)) found.push_back(next->items);
  return found;
}

std::vector<std::size_t> sizes_of(const std::vector<words>& groups) {
  std::vector<std::size_t> sizes;
  for (const words& each : groups) sizes.push_back(each.size());
  return sizes;
}

cli::input_settings up_to(std::uint64_t items) {
  cli::input_settings from;
  from.items_per_job = items;
  return from;
}

cli::input_settings as_many_as_fit() {
  cli::input_settings from = up_to(1'000'000);
  from.fit = true;
  return from;
}

const cli::command_template group_echo = cli::command_template::of_words({"echo"});

TEST(item_groups, as_many_as_asked_for) {
  EXPECT_EQ(sizes_of(groups_of(group_items(7), up_to(3), group_echo, {1 << 20, 4})),
            (std::vector<std::size_t>{3, 3, 1}));
  EXPECT_TRUE(groups_of({}, up_to(3), group_echo, {1 << 20, 4}).empty());
}

TEST(item_groups, fewer_where_a_command_line_holds_no_more) {
  const words items(10, std::string(100, 'x'));
  const auto groups = groups_of(items, up_to(10), group_echo, {400, 4});
  EXPECT_EQ(sizes_of(groups), (std::vector<std::size_t>{3, 3, 3, 1}));
}

TEST(item_groups, what_no_argument_can_be_is_alone) {
  const words items{"a", std::string(200'000, 'x'), "b", std::string("c\0d", 3), "e", "f"};
  for (const auto& from : {up_to(6), as_many_as_fit()}) {
    const auto groups = groups_of(items, from, group_echo, {1 << 20, 1});
    EXPECT_EQ(sizes_of(groups), (std::vector<std::size_t>{1, 1, 1, 1, 2}));
  }
}

TEST(item_groups, a_word_that_joins_items_is_no_longer_than_an_argument) {
  const auto joins = cli::command_template::of_words({"echo", "x {}"});
  const words items(6, std::string(50'000, 'x'));
  EXPECT_EQ(sizes_of(groups_of(items, up_to(6), joins, {1 << 20, 4})),
            (std::vector<std::size_t>{2, 2, 2}));
}

TEST(item_groups, those_that_fit_are_spread_over_the_slots) {
  const auto spread = [](std::size_t items, unsigned slots) {
    return sizes_of(groups_of(group_items(items), as_many_as_fit(), group_echo, {1 << 20, slots}));
  };
  EXPECT_EQ(spread(10, 4), (std::vector<std::size_t>{3, 3, 2, 2}));
  EXPECT_EQ(spread(3, 4), (std::vector<std::size_t>{1, 1, 1}));
  EXPECT_EQ(spread(5, 1), (std::vector<std::size_t>{5}));
  EXPECT_TRUE(spread(0, 4).empty());
}

TEST(item_groups, full_command_lines_come_before_those_that_are_spread) {
  const words items(600, std::string(20'000, 'x'));  // 12 MB: more than what is read ahead
  const auto groups = groups_of(items, as_many_as_fit(), group_echo, {1 << 20, 4});
  const auto sizes = sizes_of(groups);
  EXPECT_EQ(sizes.front(), 52U);
  std::size_t all = 0;
  for (const std::size_t each : sizes) all += each;
  EXPECT_EQ(all, items.size());
  EXPECT_LE(sizes.back(), sizes.front());
}

// What line_length says is never less than what the command becomes.
TEST(item_groups, lengths_are_upper_bounds) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 draw(seed);
  const std::vector<cli::command_template> commands{
      cli::command_template::of_words({"echo"}),
      cli::command_template::of_words({"cp", "{}", "{.}-{#}", "{2/}{1}", "{//}", "a{}b{/}"}),
      cli::command_template::of_shell("echo {}"),
      cli::command_template::of_shell("echo '<{}>' \"{.} {2}\" {#} {//}"),
      cli::command_template::of_shell("for x do echo \"$@\" $x; done; echo {}"),
  };
  for (const auto& command : commands) {
    for (const std::size_t count : {1, 2, 3, 99, 100, 1000, 20'000}) {
      words items;
      cli::line_length line = command.length_without_items();
      for (std::size_t i = 0; i < count; ++i) {
        items.push_back(std::string(draw() % 3, '/') + std::string(draw() % 9, 'a') + ".");
        command.lengthen(line, items.back());
      }
      std::size_t total = 0, longest = 0;
      const words arguments = command.expand({items, items, 18'000'000'000'000'000'000U, 100'000});
      for (const std::string& each : arguments) {
        total += each.size() + 1 + sizeof(char*);
        longest = std::max(longest, each.size() + 1);
      }
      EXPECT_LE(total, line.total) << count;
      EXPECT_LE(std::min<std::size_t>(longest, 128 << 10),
                line.longest < (128 << 10) ? std::size_t{128} << 10 : line.longest);
      EXPECT_GE(total * 4 + 10'000, line.total) << "and not far above";
    }
  }
}

TEST(item_groups, there_is_room_for_arguments) {
  EXPECT_GT(cli::room_for_arguments(), 0U);
  EXPECT_LT(cli::room_for_arguments(), std::size_t{6} << 20);
}

}  // namespace
