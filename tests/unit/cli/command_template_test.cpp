#include "command_template.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "error.hpp"

namespace {

using words = std::vector<std::string>;

words expand(const words& command, const words& items, const words& columns = {}) {
  const auto parsed = cli::command_template::of_words(command);
  return parsed.expand({items, columns.empty() ? items : columns, 7, 3});
}

// The string that sh -c gets.
std::string expand_shell(const std::string& command, const std::string& item) {
  const words items{item};
  return cli::command_template::of_shell(command).expand({items, items, 7, 3}).back();
}

TEST(command_template, parts_of_paths) {
  using enum cli::path_part;
  EXPECT_EQ(cli::take_part("a/b.c/d.tar.gz", without_extension), "a/b.c/d.tar");
  EXPECT_EQ(cli::take_part("a.b/c", without_extension), "a.b/c");
  EXPECT_EQ(cli::take_part("a/b/c.txt", name), "c.txt");
  EXPECT_EQ(cli::take_part("a/b/c.txt", folder), "a/b");
  EXPECT_EQ(cli::take_part("c.txt", folder), ".");
  EXPECT_EQ(cli::take_part("/c.txt", folder), "/");
  EXPECT_EQ(cli::take_part("a/b/c.txt", name_without_extension), "c");
  EXPECT_EQ(cli::take_part("", folder), ".");
}

TEST(command_template, words) {
  EXPECT_EQ(expand({"cp", "{}", "{.}-{#}-{%}"}, {"a b.c"}), (words{"cp", "a b.c", "a b-7-3"}));
  EXPECT_EQ(expand({"echo", "-n"}, {"x"}), (words{"echo", "-n", "x"}));
  EXPECT_EQ(expand({"echo", "{}"}, {"{#} {}"}), (words{"echo", "{#} {}"}));
  EXPECT_EQ(expand({"echo", "{}", "<{}>"}, {"a", "b"}), (words{"echo", "a", "b", "<a b>"}));
  EXPECT_EQ(expand({"echo", "{2}{1}{3}"}, {"whole"}, {"one", "two"}), (words{"echo", "twoone"}));
  EXPECT_EQ(expand({"echo", "{x}{", "{}"}, {"a"}), (words{"echo", "{x}{", "a"}));
}

TEST(command_template, items_are_one_word_of_the_shell_wherever_they_stand) {
  EXPECT_EQ(expand_shell("echo {}", "it's $HOME"), "echo 'it'\\''s $HOME'");
  EXPECT_EQ(expand_shell("echo {}", "plain"), "echo plain");
  EXPECT_EQ(expand_shell("echo \"<{}>\"", "a\"$b`c\\"), "echo \"<a\\\"\\$b\\`c\\\\>\"");
  EXPECT_EQ(expand_shell("echo '<{}>'", "it's"), "echo '<it'\\''s>'");
  EXPECT_EQ(expand_shell("echo \"$(cat {})\"", "a b"), "echo \"$(cat 'a b')\"");
  EXPECT_THROW(static_cast<void>(cli::command_template::of_shell("echo `cat {}`")), cli::error);
}

TEST(command_template, whether_each_job_starts_the_same_program) {
  EXPECT_TRUE(cli::command_template::of_words({"echo", "{}"}).starts_one_program());
  EXPECT_FALSE(cli::command_template::of_words({"./{}"}).starts_one_program());
  EXPECT_TRUE(cli::command_template::of_shell("{}").starts_one_program());
}

}  // namespace
