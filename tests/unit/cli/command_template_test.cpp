#include "jobs/command_template.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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

TEST(command_template, a_placeholder_behind_another_brace_is_text) {
  EXPECT_EQ(expand({"HEAD@{{1}", "{{}", "{}"}, {"a"}), (words{"HEAD@{1}", "{}", "a"}));
  EXPECT_EQ(expand({"echo", "{{}"}, {"a"}), (words{"echo", "{}", "a"}));
  EXPECT_EQ(expand({"{{x}", "{{", "{{#}{#}"}, {"a"}), (words{"{{x}", "{{", "{#}7"}));
  EXPECT_EQ(expand_shell("echo {{.} {}", {"a"}).front(), "_1=${1}; shift 1; echo {.} \"${_1}\"");
}

TEST(command_template, names_of_columns) {
  const cli::column_names names{"name", "a.b", "2", "#", "1st"};
  const words columns{"f.txt", "y", "z", "w", "d/v"};
  const auto made = [&](const words& command) {
    return cli::command_template::of_words(command, names).expand({columns, columns, 7, 3});
  };
  EXPECT_EQ(made({"{name}", "{name.}", "{a.b}", "{1st}", "{1st/}"}),
            (words{"f.txt", "f", "y", "d/v", "v"}));
  EXPECT_EQ(made({"{2}", "{#}", "{nme}"}), (words{"y", "7", "{nme}"})) << "placeholders stay";
  EXPECT_EQ(
      cli::command_template::of_shell("echo '{name}'", names).expand({columns, columns, 7, 3})[2],
      "_1=${1}; shift 1; echo ''\"${_1}\"''");
}

TEST(command_template, a_string_of_a_shell_that_is_too_long_comes_in_parts) {
  const words items(20'000, "x");
  const words all = cli::command_template::of_shell("echo {}").expand({items, items, 7, 3});
  EXPECT_EQ(all[2].substr(0, 12), "eval \"shift ");
  std::size_t longest = 0;
  for (const std::string& each : all) longest = std::max(longest, each.size());
  EXPECT_LT(longest, 131'072U);
  EXPECT_EQ(std::count(all.begin(), all.end(), "x"), 20'000);
}

TEST(command_template, whether_each_job_starts_the_same_program) {
  EXPECT_TRUE(cli::command_template::of_words({"echo", "{}"}).starts_one_program());
  EXPECT_FALSE(cli::command_template::of_words({"./{}"}).starts_one_program());
  EXPECT_TRUE(cli::command_template::of_shell("{}").starts_one_program());
}

}  // namespace
