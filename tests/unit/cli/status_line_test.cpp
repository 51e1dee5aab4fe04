#include "output/status_line.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;

TEST(status_line, a_wide_one_has_everything) {
  EXPECT_EQ(
      cli::format_status({.done = 50, .failed = 2, .running = 4, .total = 100, .elapsed = 10s}, 81),
      "[###############................] 50/100  2 failed  4 running  5.0/s  ETA 10.0 s");
}

TEST(status_line, without_a_total_there_is_neither_bar_nor_end) {
  EXPECT_EQ(cli::format_status({.done = 1000, .running = 2, .elapsed = 2s}, 80),
            "1000  2 running  500/s");
}

TEST(status_line, no_width_is_too_small) {
  const cli::status_figures figures{
      .done = 123456, .failed = 789, .running = 16, .total = 999999, .elapsed = 1000s};
  for (std::size_t columns = 0; columns < 200; ++columns) {
    const std::string line = cli::format_status(figures, columns);
    EXPECT_LE(line.size(), columns == 0 ? 0 : columns - 1);
  }
}

TEST(status_line, more_done_than_there_were) {
  const std::string line = cli::format_status({.done = 5, .total = 0, .elapsed = 1s}, 80);
  EXPECT_TRUE(line.contains("5/0")) << line;
}

}  // namespace
