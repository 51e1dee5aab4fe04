// A file in blocks that end between lines.
#include "parwork/file_blocks.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/runs.hpp"
#include "support/temporary_folder.hpp"

namespace {

using namespace parwork_test;
using parwork::each_line;
using parwork::file_blocks;
using parwork::ordering;
using parwork::process;
using parwork::split;

static_assert(std::ranges::random_access_range<file_blocks>);
static_assert(std::ranges::random_access_range<const file_blocks>);
static_assert(std::ranges::sized_range<const file_blocks>);
static_assert(std::is_same_v<std::ranges::range_value_t<file_blocks>, std::string_view>);
static_assert(std::is_nothrow_move_constructible_v<file_blocks>);

using texts = std::vector<std::string>;

class file_blocks_of : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) {
    std::ofstream(folder_ / "text", std::ios::binary) << text;
    return folder_ / "text";
  }
  texts blocks_of(const std::string& text, std::size_t block, char delimiter = '\n') {
    texts found;
    for (const auto each : file_blocks(write(text), {.delimiter = delimiter, .block = block})) {
      found.emplace_back(each);
    }
    return found;
  }

  temporary_folder folder_;
};

texts lines_in(std::string_view block, char delimiter = '\n') {
  texts found;
  each_line(block, [&](std::string_view line) { found.emplace_back(line); }, delimiter);
  return found;
}

TEST(each_line_of_a_block, is_what_lines_has) {
  for (const std::string text : {"", "\n", "a", "a\n", "a\nb", "\n\na\n\n", "a\r\n\xFF b\t\n"}) {
    texts expected;
    std::istringstream input(text);
    auto next = parwork::lines(input);
    for (std::string line; next(line);) expected.push_back(line);
    EXPECT_EQ(lines_in(text), expected) << text;
  }
  EXPECT_EQ(lines_in(std::string_view("a\nb\0c", 5), '\0'), (texts{"a\nb", "c"}));
}

TEST(each_line_of_a_block, leaves_by_what_its_function_throws) {
  int calls = 0;
  EXPECT_THROW(each_line("a\nb\nc",
                         [&](std::string_view) {
                           if (++calls == 2) throw std::runtime_error("enough");
                         }),
               std::runtime_error);
  EXPECT_EQ(calls, 2);
}

TEST_F(file_blocks_of, text_end_behind_the_last_delimiter_that_fits) {
  EXPECT_EQ(blocks_of("aa\nbb\ncc\n", 7), (texts{"aa\nbb\n", "cc\n"}));
  EXPECT_EQ(blocks_of("aa\nbb\ncc", 6), (texts{"aa\nbb\n", "cc"}));
  EXPECT_EQ(blocks_of("aa\nbb\ncc", 8), (texts{"aa\nbb\ncc"}));
  EXPECT_EQ(blocks_of("\n\n\n", 1), (texts{"\n", "\n", "\n"}));
}

TEST_F(file_blocks_of, a_long_line_are_longer) {
  EXPECT_EQ(blocks_of("a\nlong line\nb\n", 4), (texts{"a\n", "long line\n", "b\n"}));
  EXPECT_EQ(blocks_of("no end", 2), (texts{"no end"}));
  const std::string line(300'000, 'x');
  EXPECT_EQ(blocks_of("a\n" + line + "\nb", 10), (texts{"a\n", line + "\n", "b"}));
  EXPECT_EQ(blocks_of(line, 5000), texts{line});
}

TEST_F(file_blocks_of, an_empty_file_are_none) {
  EXPECT_EQ(blocks_of("", 10), texts{});
  EXPECT_TRUE(file_blocks(write("")).empty());
}

TEST_F(file_blocks_of, other_delimiters) {
  EXPECT_EQ(blocks_of("a;b\n;c", 4, ';'), (texts{"a;", "b\n;c"}));
}

TEST_F(file_blocks_of, random_text_are_the_text) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 60; ++round) {
    const std::size_t longest = round % 2 == 0 ? 30 : 20'000;
    std::string text;
    for (auto lines = random() % 40; lines > 0; --lines) {
      text.append(random() % longest, 'x').push_back('\n');
    }
    text.append(random() % 3, 'y');
    const std::size_t block = 1 + random() % (2 * longest);
    std::string together;
    for (const auto& each : blocks_of(text, block)) {
      ASSERT_FALSE(each.empty());
      together += each;
      if (together.size() < text.size()) {
        ASSERT_EQ(each.back(), '\n');
      }
      if (each.size() > block) {
        ASSERT_EQ(each.find('\n'), each.back() == '\n' ? each.size() - 1 : each.npos);
      }
    }
    ASSERT_EQ(together, text);
  }
}

TEST_F(file_blocks_of, a_file_may_be_asked_for_in_any_order) {
  const file_blocks blocks(write("a\nb\nc\nd\n"), {.block = 2});
  ASSERT_EQ(blocks.size(), 4U);
  EXPECT_EQ(blocks[3], "d\n");
  EXPECT_EQ(*blocks.begin(), "a\n");
  EXPECT_EQ(blocks.begin()[2], "c\n");
  EXPECT_EQ(*(blocks.end() - 2), "c\n");
  EXPECT_EQ(blocks[3].data(), blocks.begin()[3].data()) << "read once";
  texts backwards;
  for (const auto each : blocks | std::views::reverse) backwards.emplace_back(each);
  EXPECT_EQ(backwards, (texts{"d\n", "c\n", "b\n", "a\n"}));
}

TEST_F(file_blocks_of, a_file_stay_where_they_are_when_the_object_moves) {
  file_blocks blocks(write("a\nb\n"), {.block = 2});
  const auto first = blocks.begin();
  const auto view = blocks[0];
  const file_blocks moved(std::move(blocks));
  EXPECT_EQ(moved[0].data(), view.data());
  EXPECT_EQ(first[1], "b\n");
}

// --- Files that cannot be read, or change ---

void expect_refused(const std::filesystem::path& path, const std::string& says) {
  try {
    const file_blocks blocks(path);
    ADD_FAILURE() << path << " was accepted";
  } catch (const std::filesystem::filesystem_error& error) {
    EXPECT_EQ(error.path1(), path);
    EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
  }
}

TEST_F(file_blocks_of, what_is_no_regular_file_are_refused) {
  expect_refused(folder_ / "missing", "cannot open");
  expect_refused(folder_ / "", "cannot read");
  expect_refused("/dev/null", "not a regular file");
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect_refused(pipe, "not a regular file");
  EXPECT_THROW(file_blocks(write("a"), {.block = 0}), std::invalid_argument);
}

TEST_F(file_blocks_of, a_file_that_is_cut_short_are_an_exception) {
  const auto path = write(std::string(100'000, 'a') + "\n" + std::string(100'000, 'b') + "\nc\n");
  const file_blocks blocks(path, {.block = 100'001});
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[0].size(), 100'001U);
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(blocks[0].front(), 'a') << "what was read stays";
  EXPECT_EQ(blocks[0].back(), '\n');
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(static_cast<void>(blocks[1]), std::filesystem::filesystem_error);
  }
  write(std::string(300'000, 'd'));
  EXPECT_EQ(blocks[1], std::string(100'001, 'd')) << "another try reads again";
}

TEST_F(file_blocks_of, a_file_that_is_cut_short_end_a_run) {
  const auto path = write("aa\nbb\ncc\n");
  const file_blocks blocks(path, {.block = 3});
  std::filesystem::resize_file(path, 4);
  auto sizes = parwork::reduce(std::size_t{0}, std::plus<>(), std::plus<>());
  const auto size = [](std::string_view block) { return block.size(); };
  EXPECT_THROW(static_cast<void>(process(split(blocks), size, sizes)),
               std::filesystem::filesystem_error);
  EXPECT_THROW(static_cast<void>(process(split(blocks), size, [](std::size_t) {})),
               std::filesystem::filesystem_error);
  EXPECT_THROW(static_cast<void>(process(blocks, size, [](std::size_t) {})),
               std::filesystem::filesystem_error);
}

TEST_F(file_blocks_of, a_file_that_grows_are_those_it_had) {
  const auto path = write("a\nb");
  const file_blocks blocks(path);
  std::ofstream(path, std::ios::app) << "c\n";
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0], "a\nb");
}

// --- Runs ---

struct sums {
  std::uint64_t lines = 0;
  std::uint64_t total = 0;
};
sums sums_of(std::string_view block) {
  sums found;
  each_line(block, [&](std::string_view line) {
    ++found.lines;
    found.total += std::stoul(std::string(line));
  });
  return found;
}
void add_sums(sums& to, const sums& more) {
  to.lines += more.lines;
  to.total += more.total;
}

TEST_F(file_blocks_of, a_file_are_read_by_all_workers) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text.append(std::to_string(i)).push_back('\n');
  const auto path = write(text);
  for (const unsigned workers : {1U, 2U, 8U}) {
    auto total = parwork::reduce(sums(), add_sums, add_sums);
    const auto run =
        process(split(file_blocks(path, {.block = 1000})), sums_of, total, {.workers = workers});
    EXPECT_GT(run.produced, 100U);
    EXPECT_EQ(total.value().lines, 20'000U);
    EXPECT_EQ(total.value().total, 199'990'000U);
  }
  const file_blocks blocks(path, {.block = 1000});
  std::uint64_t lines = 0;
  const auto count = [&](const sums& found) { lines += found.lines; };
  auto run = process(split(blocks), sums_of, count, {.workers = 4, .order = ordering::input});
  expect_counts(run, blocks.size());
  run = process(blocks, sums_of, count, {.workers = 4});
  expect_counts(run, blocks.size());
  EXPECT_EQ(lines, 40'000U);
}

TEST_F(file_blocks_of, a_file_are_read_once_by_many_threads) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text.append(50, static_cast<char>('a' + i % 26)).push_back('\n');
  const file_blocks blocks(write(text), {.block = 512});
  std::vector<std::jthread> readers;
  std::vector<std::string> read(4);
  for (auto& into : read) {
    readers.emplace_back([&] {
      for (const auto each : blocks) into += each;
    });
  }
  readers.clear();
  for (const auto& each : read) EXPECT_EQ(each, text);
}

}  // namespace
