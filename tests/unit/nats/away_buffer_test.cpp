// Messages that wait come out as they went in, in order, and are bounded.
#include "nats/away_buffer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using parwork::nats::detail::away_buffer;

std::vector<std::string> subjects_of(away_buffer& buffer) {
  std::vector<std::string> subjects;
  for (; !buffer.empty(); buffer.pop_front()) subjects.emplace_back(buffer.front().subject);
  return subjects;
}

TEST(away_buffer, gives_back_what_it_took) {
  away_buffer buffer(1000);
  EXPECT_TRUE(buffer.add("a.b", "reply", std::string_view("\0x", 2)));
  EXPECT_TRUE(buffer.add("c", "", ""));
  EXPECT_STREQ(buffer.front().subject, "a.b");
  EXPECT_STREQ(buffer.front().reply, "reply");
  EXPECT_EQ(buffer.front().bytes, std::string_view("\0x", 2));
  buffer.pop_front();
  EXPECT_STREQ(buffer.front().subject, "c");
  EXPECT_EQ(buffer.front().reply, nullptr);
  EXPECT_EQ(buffer.front().bytes, "");
  buffer.pop_front();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.size(), 0U);
}

TEST(away_buffer, takes_no_more_than_its_limit) {
  away_buffer buffer(1000);
  EXPECT_FALSE(buffer.add("a", "", std::string(1000, 'x')));
  while (buffer.add("a", "", std::string(100, 'x'))) {
  }
  EXPECT_LE(buffer.size(), 1000U);
  EXPECT_GT(buffer.size(), 800U);
  buffer.pop_front();
  EXPECT_TRUE(buffer.add("a", "", std::string(100, 'x')));
}

TEST(away_buffer, takes_back_in_front_what_was_not_sent) {
  away_buffer sent(1000);
  for (const auto* each : {"1", "2", "3"}) sent.add(each, "", "");
  sent.pop_front();
  away_buffer later(1000);
  for (const auto* each : {"0", "4", "5"}) later.add(each, "", "");
  later.pop_front();
  later.take_in_front(sent);
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(subjects_of(later), (std::vector<std::string>{"2", "3", "4", "5"}));
}

TEST(away_buffer, changes_places_with_another) {
  away_buffer one(1000);
  away_buffer other(1000);
  one.add("1", "", "");
  one.add("2", "", "");
  one.pop_front();
  one.swap(other);
  EXPECT_TRUE(one.empty());
  EXPECT_EQ(subjects_of(other), std::vector<std::string>{"2"});
}

}  // namespace
