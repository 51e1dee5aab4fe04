#include "jobs/end_order.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace {

using numbers = std::vector<int>;

TEST(end_order, one_that_comes_too_early_waits_for_those_before_it) {
  cli::end_order<std::unique_ptr<int>> in_order;  // they are moved, never copied
  numbers got;
  const auto add = [&](int number) {
    in_order.add(static_cast<std::uint64_t>(number), std::make_unique<int>(number),
                 [&](const std::unique_ptr<int>& each) { got.push_back(*each); });
  };
  add(1);
  add(4);
  add(3);
  EXPECT_EQ(got, numbers{1});
  add(2);
  EXPECT_EQ(got, (numbers{1, 2, 3, 4}));
}

}  // namespace
