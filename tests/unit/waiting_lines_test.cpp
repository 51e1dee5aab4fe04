// The lines that items wait in: key_lines and limit_line, without a run.
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>

#include "parwork/detail/batch.hpp"
#include "parwork/detail/key_lines.hpp"
#include "parwork/detail/limit_line.hpp"

namespace {

using parwork::detail::key_lines;
using parwork::detail::limit_line;

struct waiting_batch : parwork::detail::batch {
  waiting_batch() : batch(1) {}
};

// A key whose hashes are all the same.
struct colliding_key {
  int value;
  bool operator==(const colliding_key&) const = default;
};

}  // namespace

template <>
struct std::hash<colliding_key> {
  std::size_t operator()(const colliding_key&) const noexcept { return 7; }
};

namespace {

TEST(key_lines, the_first_of_each_line_may_go) {
  key_lines<std::string> lines;
  auto* const a = lines.join("a");
  auto* const b = lines.join("b");
  auto* const second = lines.join("a");
  EXPECT_TRUE(lines.has_come(*a));
  EXPECT_TRUE(lines.has_come(*b));
  EXPECT_FALSE(lines.has_come(*second));
  EXPECT_EQ(lines.leave(*a), nullptr);  // nobody waits yet
  EXPECT_TRUE(lines.has_come(*second));
  EXPECT_EQ(lines.leave(*second), nullptr);
  EXPECT_EQ(lines.leave(*b), nullptr);
}

TEST(key_lines, who_leaves_hands_out_who_waits) {
  key_lines<int> lines;
  waiting_batch lone;
  auto* const first = lines.join(1);
  auto* const second = lines.join(1);
  EXPECT_TRUE(lines.wait(*second, lone));
  EXPECT_EQ(lines.leave(*first), &lone);
  EXPECT_TRUE(lines.has_come(*second));
  EXPECT_FALSE(lines.wait(*second, lone));  // its turn has come
  EXPECT_EQ(lines.leave(*second), nullptr);
}

TEST(key_lines, who_leaves_from_within_is_passed_over) {
  key_lines<int> lines;
  waiting_batch lone;
  auto* const first = lines.join(1);
  auto* const second = lines.join(1);
  auto* const third = lines.join(1);
  EXPECT_TRUE(lines.wait(*third, lone));
  EXPECT_EQ(lines.leave(*second), nullptr);
  EXPECT_EQ(lines.leave(*first), &lone);
  EXPECT_EQ(lines.leave(*third), nullptr);
}

TEST(key_lines, keys_of_one_hash_are_kept_apart) {
  key_lines<colliding_key> lines;
  auto* const one = lines.join({1});
  auto* const two = lines.join({2});
  auto* const three = lines.join({3});
  EXPECT_TRUE(lines.has_come(*one) && lines.has_come(*two) && lines.has_come(*three));
  EXPECT_EQ(lines.leave(*two), nullptr);  // neither the first nor the last of its hash
  auto* const again = lines.join({1});
  EXPECT_FALSE(lines.has_come(*again));
  EXPECT_EQ(lines.leave(*one), nullptr);
  EXPECT_TRUE(lines.has_come(*again));
  EXPECT_EQ(lines.leave(*again), nullptr);
  EXPECT_EQ(lines.leave(*three), nullptr);
}

TEST(limit_line, places_are_given_until_there_are_none) {
  limit_line line;
  line.set_places(2);
  EXPECT_TRUE(line.enter());
  EXPECT_TRUE(line.enter());
  EXPECT_FALSE(line.enter());
  EXPECT_EQ(line.leave(), nullptr);
  EXPECT_TRUE(line.enter());
}

TEST(limit_line, who_leaves_hands_the_place_to_the_first_who_waits) {
  limit_line line;
  line.set_places(1);
  waiting_batch first, second;
  ASSERT_TRUE(line.enter());
  EXPECT_TRUE(line.wait(first));
  EXPECT_TRUE(line.wait(second));
  EXPECT_EQ(line.leave(), &first);
  EXPECT_FALSE(line.enter()) << "the place was handed over";
  EXPECT_EQ(line.leave(), &second);
  EXPECT_EQ(line.leave(), nullptr);
  EXPECT_TRUE(line.enter());
}

TEST(limit_line, who_comes_to_wait_when_a_place_is_free_has_it) {
  limit_line line;
  line.set_places(1);
  waiting_batch lone;
  EXPECT_FALSE(line.wait(lone));
  EXPECT_FALSE(line.enter());
}

}  // namespace
