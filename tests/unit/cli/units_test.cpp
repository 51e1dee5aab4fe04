#include "support/units.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "support/error.hpp"

namespace {

using namespace std::chrono_literals;

TEST(units, durations) {
  EXPECT_EQ(cli::parse_duration("2"), 2s);
  EXPECT_EQ(cli::parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(cli::parse_duration("250ms"), 250ms);
  EXPECT_EQ(cli::parse_duration("0.5h"), 30min);
  EXPECT_EQ(cli::parse_duration("0"), 0s);
  for (const char* text : {"", "s", "-1s", "1d", "1 s", "inf", "nan", "0x1s", "1e9h", "1s "}) {
    EXPECT_THROW(static_cast<void>(cli::parse_duration(text)), cli::error) << text;
  }
}

TEST(units, times_that_were_read) {
  EXPECT_EQ(cli::nanoseconds_of(1.5), 1500ms);
  EXPECT_EQ(cli::nanoseconds_of(-1), 0s);
  EXPECT_EQ(cli::nanoseconds_of(std::nan("")), 0s);
  const auto longest = cli::nanoseconds_of(1e300);
  EXPECT_GT(longest, 24h * 365 * 130);
  EXPECT_GT(longest + longest, longest);
}

TEST(units, sizes) {
  EXPECT_EQ(cli::parse_size("0"), 0U);
  EXPECT_EQ(cli::parse_size("3K"), 3072U);
  EXPECT_EQ(cli::parse_size("2M"), 2U * 1024 * 1024);
  EXPECT_EQ(cli::parse_size("1.5K"), 1536U);
  EXPECT_EQ(cli::parse_size("1G"), 1024U * 1024 * 1024);
  for (const char* text : {"", "K", "-1", "1T", "18446744073709551615G"}) {
    EXPECT_THROW(static_cast<void>(cli::parse_size(text)), cli::error) << text;
  }
}

TEST(units, literals) {
  EXPECT_EQ(cli::parse_literal("\\t,\\x41\\\\"), "\t,A\\");
  EXPECT_EQ(cli::parse_literal("\\0"), std::string(1, '\0'));
  EXPECT_EQ(cli::parse_literal("\\xff"), "\xff");
  EXPECT_THROW(static_cast<void>(cli::parse_literal("")), cli::error);
  EXPECT_THROW(static_cast<void>(cli::parse_literal("\\x4")), cli::error);
}

TEST(units, what_is_utf_8) {
  EXPECT_TRUE(cli::is_utf8(""));
  EXPECT_TRUE(cli::is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
  for (const char* bytes : {"\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\x80", "\xf0\x9f\x98"}) {
    EXPECT_FALSE(cli::is_utf8(bytes));
  }
}

}  // namespace
