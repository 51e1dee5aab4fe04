#include "input/item_source.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using words = std::vector<std::string>;

cli::descriptor file_with(const std::string& bytes) {
  cli::descriptor file(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  EXPECT_TRUE(file.is_open());
  EXPECT_EQ(write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

words items_in(const std::string& bytes, const std::string& delimiter,
               cli::blank_items blank = cli::blank_items::kept) {
  const auto source = cli::items_of(file_with(bytes), "test", delimiter, blank);
  words found;
  while (auto item = source->next()) found.push_back(item->bytes);
  return found;
}

TEST(item_source, delimiters) {
  EXPECT_EQ(items_in("a\nb\n", "\n"), (words{"a", "b"}));
  EXPECT_EQ(items_in("a\n\nb", "\n"), (words{"a", "", "b"}));
  EXPECT_EQ(items_in("a, b, ,c", ", "), (words{"a", "b", ",c"}));
  EXPECT_EQ(items_in("aaab", "aa"), (words{"", "ab"}));
  EXPECT_EQ(items_in("", "\n"), words{});
  EXPECT_EQ(items_in(" \n\t\na\n", "\n", cli::blank_items::skipped), words{"a"});
}

// Wherever a block ends: between items, in an item, in a delimiter of several bytes.
TEST(item_source, blocks_do_not_show) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 draw(seed);
  for (const std::string delimiter : {"\n", "ab", "aab"}) {
    words expected;
    std::string bytes;
    while (bytes.size() < 300'000) {
      expected.push_back(std::string(draw() % 400, 'x') + std::string(draw() % 3, 'a') + "z");
      bytes += expected.back() + delimiter;
    }
    EXPECT_EQ(items_in(bytes, delimiter), expected);
  }
}

TEST(item_source, one_that_waits_can_be_stopped) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const cli::descriptor writer(ends[1]);
  const auto source = cli::items_of(cli::descriptor(ends[0]), "test", "\n", cli::blank_items::kept);
  std::thread stopper([&] { source->stop(); });
  EXPECT_FALSE(source->next());
  stopper.join();
}

TEST(item_source, what_does_not_wait_goes_on_after_a_stop) {
  const auto source = cli::items_of(file_with("a\nb\nc"), "test", "\n", cli::blank_items::kept);
  EXPECT_EQ(source->next()->bytes, "a");
  source->stop();
  EXPECT_EQ(source->take(cli::waiting::for_nothing)->bytes, "b");
  EXPECT_FALSE(source->has_ended());
  EXPECT_EQ(source->take(cli::waiting::for_nothing)->bytes, "c");
  EXPECT_FALSE(source->take(cli::waiting::for_nothing));
  EXPECT_TRUE(source->has_ended());
}

TEST(item_source, an_item_that_has_arrived_in_part_is_not_lost) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const cli::descriptor writer(ends[1]);
  const auto source = cli::items_of(cli::descriptor(ends[0]), "test", "\n", cli::blank_items::kept);
  const std::string part(100'000, 'x');  // more than what the buffer keeps of one
  ASSERT_EQ(fcntl(writer.get(), F_SETPIPE_SZ, 1 << 20), 1 << 20);
  ASSERT_EQ(write(writer.get(), part.data(), part.size()), static_cast<ssize_t>(part.size()));
  EXPECT_FALSE(source->take(cli::waiting::for_nothing));
  EXPECT_FALSE(source->has_ended());
  ASSERT_EQ(write(writer.get(), "y\n", 2), 2);
  EXPECT_EQ(source->next()->bytes, part + "y");
}

TEST(item_source, an_item_that_no_argument_can_be_is_cut) {
  const auto source = cli::items_of(file_with(std::string(20'000'000, 'x') + "\nb\n"), "test", "\n",
                                    cli::blank_items::kept);
  const auto first = source->next();
  EXPECT_FALSE(first->whole);
  EXPECT_LT(first->bytes.size(), 20'000'000U);
  const auto second = source->next();
  EXPECT_TRUE(second->whole);
  EXPECT_EQ(second->bytes, "b");
}

TEST(item_source, cutting_at_separators) {
  EXPECT_EQ(cli::cut("a,,b", ","), (words{"a", "", "b"}));
  EXPECT_EQ(cli::cut("", ","), words{""});
  EXPECT_EQ(cli::cut("a::b:", "::"), (words{"a", "b:"}));
}

}  // namespace
