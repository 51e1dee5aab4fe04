#include "record/run_file.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace {

TEST(shown_set, it_contains_what_was_added) {
  std::mt19937 draw(3);
  cli::shown_set set;
  std::set<std::uint64_t> expected;
  for (int i = 0; i < 500; ++i) {
    const std::uint64_t number = draw() % 300;
    set.add(number);
    expected.insert(number);
    for (std::uint64_t each = 0; each < 300; each += 7) {
      EXPECT_EQ(set.contains(each), expected.contains(each));
    }
  }
}

}  // namespace
