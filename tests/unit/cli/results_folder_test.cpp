#include "record/results_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/error.hpp"
#include "support/temporary_folder.hpp"

namespace {

cli::job results_job(std::uint64_t sequence, std::vector<std::string> items) {
  cli::job made;
  made.sequence = sequence;
  made.items = std::move(items);
  return made;
}

class results_folder : public testing::Test {
 protected:
  std::string content(const std::string& name) const {
    std::ifstream file(folder / ("r/" + name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool exists(const std::string& name) const {
    return std::filesystem::exists(folder / ("r/" + name));
  }

  const temporary_folder folder;
  const cli::results_folder results{(folder / "r").string(), cli::earlier_results::refused};
};

TEST_F(results_folder, has_a_part_until_the_job_has_ended) {
  cli::job_results files;
  ASSERT_EQ(results.begin(results_job(7, {"a"}), files), 0);
  EXPECT_EQ(files.write(cli::stream::out, "out"), 0);
  EXPECT_EQ(files.write(cli::stream::err, "err"), 0);
  EXPECT_EQ(content("7.part/stdout"), "out");
  EXPECT_FALSE(exists("7"));
  EXPECT_EQ(files.keep(3), 0);
  EXPECT_FALSE(exists("7.part"));
  EXPECT_EQ(content("7/stdout"), "out");
  EXPECT_EQ(content("7/stderr"), "err");
  EXPECT_EQ(content("7/item"), "a");
  EXPECT_EQ(content("7/exit"), "3\n");
}

TEST_F(results_folder, begins_an_attempt_anew_and_replaces_what_is_there) {
  for (const char* const text : {"a long one", "short"}) {
    cli::job_results given_up, files;
    ASSERT_EQ(results.begin(results_job(1, {"x"}), given_up), 0);
    EXPECT_EQ(given_up.write(cli::stream::out, "of an attempt that was repeated"), 0);
    ASSERT_EQ(results.begin(results_job(1, {"x"}), files), 0);
    EXPECT_EQ(files.write(cli::stream::out, text), 0);
    EXPECT_EQ(files.keep(0), 0);
    EXPECT_EQ(content("1/stdout"), text);
    EXPECT_FALSE(exists("1.part"));
  }
}

TEST_F(results_folder, takes_everything_where_none_are_wanted) {
  cli::job_results none;
  EXPECT_EQ(none.write(cli::stream::out, "out"), 0);
  EXPECT_EQ(none.keep(0), 0);
}

TEST_F(results_folder, restores_what_is_missing_or_of_another_item) {
  const auto outcome_with = [](std::string text) {
    cli::outcome made;
    made.exit = 2;
    made.out = cli::held_output(std::move(text));
    return made;
  };
  results.restore(results_job(1, {"a", "b"}), outcome_with("first"));
  EXPECT_EQ(content("1/stdout"), "first");
  EXPECT_EQ(content("1/item"), std::string("a\0b\0", 4));
  EXPECT_EQ(content("1/exit"), "2\n");
  results.restore(results_job(1, {"a", "b"}), outcome_with("again"));
  EXPECT_EQ(content("1/stdout"), "first");
  results.restore(results_job(1, {"a"}), outcome_with("another"));
  EXPECT_EQ(content("1/stdout"), "another");
}

TEST_F(results_folder, has_to_be_empty_but_for_a_run_that_goes_on) {
  const std::string name = (folder / "r").string();
  EXPECT_NO_THROW(cli::results_folder(name, cli::earlier_results::refused));
  std::ofstream(folder / "r/file") << "x";
  EXPECT_THROW(cli::results_folder(name, cli::earlier_results::refused), cli::error);
  EXPECT_NO_THROW(cli::results_folder(name, cli::earlier_results::allowed));
  EXPECT_THROW(cli::results_folder(name + "/file", cli::earlier_results::allowed), cli::error);
}

TEST_F(results_folder, says_what_cannot_be_written) {
  cli::job_results files;
  ASSERT_EQ(results.begin(results_job(1, {"a"}), files), 0);
  std::filesystem::remove_all(folder / "r");
  EXPECT_NE(files.keep(0), 0);
  cli::job_results others;
  EXPECT_NE(results.begin(results_job(2, {"a"}), others), 0);
  EXPECT_NE(std::string(results.cannot_be_written(ENOSPC).what()).find((folder / "r").string()),
            std::string::npos);
}

}  // namespace
