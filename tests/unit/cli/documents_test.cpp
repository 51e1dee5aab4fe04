#include "commands/documents.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

// The folder of the tool's sources.
const std::filesystem::path folder = PARWORK_CLI_SOURCES;

std::string text_of(const std::filesystem::path& name) {
  std::ifstream file(folder / name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Where one of these fails: ninja parwork_documents.
TEST(documents, completions_are_those_of_the_table_of_options) {
  EXPECT_EQ(text_of("completions/parwork.bash"), cli::bash_completion());
  EXPECT_EQ(text_of("completions/_parwork"), cli::zsh_completion());
  EXPECT_EQ(text_of("completions/parwork.fish"), cli::fish_completion());
}

TEST(documents, the_man_page_has_the_options_of_the_table) {
  const std::string page = text_of("parwork.1.in");
  EXPECT_EQ(page, cli::with_options(page));
}

}  // namespace
