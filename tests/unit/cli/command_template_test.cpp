#include "jobs/command_template.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/error.hpp"

namespace {

using words = std::vector<std::string>;

words expand(const words& command, const words& items, const words& columns = {}) {
  const auto parsed = cli::command_template::of_words(command);
  return parsed.expand({items, columns.empty() ? items : columns, 7, 3});
}

// What stands behind sh -c.
words expand_shell(const std::string& command, const words& items) {
  words all = cli::command_template::of_shell(command).expand({items, items, 7, 3});
  return {all.begin() + 2, all.end()};
}

void expect_refused(const std::string& command) {
  EXPECT_THROW(static_cast<void>(cli::command_template::of_shell(command)), cli::error) << command;
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

TEST(command_template, items_are_variables_of_the_shell) {
  EXPECT_EQ(expand_shell("echo {}", {"it's $HOME"}),
            (words{"_1=${1}; shift 1; echo \"${_1}\"", "/bin/sh", "it's $HOME"}));
  EXPECT_EQ(expand_shell("echo \"<{}>\"", {"a"}).front(), "_1=${1}; shift 1; echo \"<${_1}>\"");
  EXPECT_EQ(expand_shell("echo '<{}>'", {"a"}).front(), "_1=${1}; shift 1; echo '<'\"${_1}\"'>'");
  EXPECT_EQ(expand_shell("echo \"$(cat {})\"", {"a"}).front(),
            "_1=${1}; shift 1; echo \"$(cat \"${_1}\")\"");
  EXPECT_EQ(expand_shell("cp {} {.}.{#}", {"a.c", "b.d"}),
            (words{"_1=${1} _2=${2} _3=${3} _4=${4}; shift 4; "
                   "cp \"${_1}\" \"${_2}\" \"${_3}\" \"${_4}\".7",
                   "/bin/sh", "a.c", "b.d", "a", "b"}));
  EXPECT_EQ(expand_shell("echo {#} $1", {"a"}).front(), "echo 7 $1");
}

TEST(command_template, quotes_in_comments_are_none) {
  EXPECT_EQ(expand_shell("# it's\necho {}", {"a"}).front(),
            "_1=${1}; shift 1; # it's\necho \"${_1}\"");
  EXPECT_EQ(expand_shell("echo a#'{}'", {"a"}).front(), "_1=${1}; shift 1; echo a#''\"${_1}\"''");
}

TEST(command_template, where_a_variable_would_be_read_in_another_way_there_may_be_none) {
  expect_refused("echo `cat {}`");
  expect_refused("echo $(({} + 1))");
  expect_refused("echo \"$(( (1 + {}) ))\"");
  expect_refused("cat <<END\n{}\nEND");
  expect_refused("echo \\{}");
  for (const char* command : {"echo $(( $(cat {}) + 1 ))", "cat <<< {}", "cat <<END > {}\nEND",
                              "echo $((1 + 2)) {}", "echo $(({#} + 1)) {}", "echo `echo {#}` {}"}) {
    EXPECT_NO_THROW(static_cast<void>(cli::command_template::of_shell(command))) << command;
  }
}

TEST(command_template, whether_each_job_starts_the_same_program) {
  EXPECT_TRUE(cli::command_template::of_words({"echo", "{}"}).starts_one_program());
  EXPECT_FALSE(cli::command_template::of_words({"./{}"}).starts_one_program());
  EXPECT_TRUE(cli::command_template::of_shell("{}").starts_one_program());
}

}  // namespace
