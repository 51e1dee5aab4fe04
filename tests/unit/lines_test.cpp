#include "parwork/lines.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <ios>
#include <sstream>
#include <streambuf>
#include <string>
#include <vector>

#include "parwork/concepts.hpp"

namespace {

using parwork::lines;

static_assert(parwork::filling_generator<parwork::line_generator>);

std::vector<std::string> all_of(parwork::line_generator next) {
  std::vector<std::string> found;
  for (std::string line; next(line);) found.push_back(line);
  return found;
}

std::string next_of(parwork::line_generator next) {
  std::string line = "what was there before";
  EXPECT_TRUE(next(line));
  return line;
}

std::vector<std::string> lines_of(const std::string& text, char delimiter = '\n') {
  std::istringstream input(text);
  return all_of(lines(input, delimiter));
}

using list = std::vector<std::string>;

TEST(lines, come_without_their_delimiter) { EXPECT_EQ(lines_of("a\nb\n"), (list{"a", "b"})); }

TEST(lines, the_last_one_counts_without_a_delimiter) {
  EXPECT_EQ(lines_of("a\nb"), (list{"a", "b"}));
}

TEST(lines, empty_ones_are_lines) { EXPECT_EQ(lines_of("\n\na\n\n"), (list{"", "", "a", ""})); }

TEST(lines, an_empty_stream_has_none) { EXPECT_EQ(lines_of(""), list{}); }

TEST(lines, other_bytes_pass_through_unchanged) {
  EXPECT_EQ(lines_of("a\r\n\xFF b\t\n"), (list{"a\r", "\xFF b\t"}));
}

TEST(lines, may_be_separated_by_nul) {
  EXPECT_EQ(lines_of(std::string("a\nb\0c\0", 6), '\0'), (list{"a\nb", "c"}));
}

TEST(lines, the_end_stays_the_end) {
  std::istringstream input("a\n");
  auto next = lines(input);
  std::string line;
  EXPECT_TRUE(next(line));
  EXPECT_FALSE(next(line));
  EXPECT_FALSE(next(line));
}

TEST(lines, reading_no_more_than_is_asked_for_leaves_the_rest_in_the_stream) {
  std::istringstream input("a\nb\n");
  EXPECT_EQ(next_of(lines(input)), "a");
  EXPECT_EQ(next_of(lines(input)), "b");
}

TEST(lines, keep_the_memory_of_the_string_they_are_read_into) {
  std::istringstream input("a line that is longer than any short string may be\nshort\n");
  auto next = lines(input);
  std::string line;
  line.reserve(100);
  const char* const memory = line.data();
  EXPECT_TRUE(next(line));
  EXPECT_TRUE(next(line));
  EXPECT_EQ(line, "short");
  EXPECT_EQ(line.data(), memory);
}

TEST(lines, a_file_that_could_not_be_opened_throws) {
  std::ifstream missing("/no/such/file");
  EXPECT_THROW(all_of(lines(missing)), std::ios_base::failure);
}

// Gives two lines and a half, then fails as a broken disk does.
class failing_buffer : public std::streambuf {
 protected:
  int_type underflow() override {
    if (given_) throw std::runtime_error("input/output error");
    given_ = true;
    setg(text_.data(), text_.data(), text_.data() + text_.size());
    return traits_type::to_int_type(text_.front());
  }

 private:
  bool given_ = false;
  std::string text_ = "a\nb\nhalf";
};

TEST(lines, a_stream_that_breaks_throws_and_says_how_far_it_came) {
  failing_buffer buffer;
  std::istream input(&buffer);
  auto next = lines(input);
  std::string line;
  EXPECT_TRUE(next(line));
  EXPECT_EQ(line, "a");
  EXPECT_TRUE(next(line));
  EXPECT_EQ(line, "b");
  try {
    static_cast<void>(next(line));
    ADD_FAILURE() << "did not throw";
  } catch (const std::ios_base::failure& thrown) {
    EXPECT_NE(std::string(thrown.what()).find("after line 2"), std::string::npos) << thrown.what();
  }
}

TEST(lines, end_at_the_end_of_a_stream_that_throws_there) {
  std::istringstream input("a\nb");
  input.exceptions(std::ios_base::failbit | std::ios_base::eofbit);
  EXPECT_EQ(all_of(lines(input)), (list{"a", "b"}));
}

}  // namespace
