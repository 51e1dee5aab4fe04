#include "base/readable.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

namespace {

using namespace std::chrono_literals;
using namespace parwork::detail;

TEST(readable_count, groups_by_thousands) {
  EXPECT_EQ(readable_count(0), "0");
  EXPECT_EQ(readable_count(999), "999");
  EXPECT_EQ(readable_count(1'000), "1,000");
  EXPECT_EQ(readable_count(1'234'567), "1,234,567");
  EXPECT_EQ(readable_count(std::numeric_limits<std::uint64_t>::max()),
            "18,446,744,073,709,551,615");
}

TEST(readable_bytes, takes_the_unit_that_fits) {
  EXPECT_EQ(readable_bytes(0), "0 bytes");
  EXPECT_EQ(readable_bytes(1), "1 byte");
  EXPECT_EQ(readable_bytes(1023), "1,023 bytes");
  EXPECT_EQ(readable_bytes(1536), "1.5 KiB");
  EXPECT_EQ(readable_bytes(std::uint64_t{64} << 20), "64 MiB");
  EXPECT_EQ(readable_bytes((std::uint64_t{1} << 30) - 1), "1 GiB");
  EXPECT_EQ(readable_bytes(std::numeric_limits<std::uint64_t>::max()), "16,777,216 TiB");
}

TEST(readable_duration, takes_the_unit_that_fits) {
  EXPECT_EQ(readable_duration(0ns), "0 ns");
  EXPECT_EQ(readable_duration(850ns), "850 ns");
  EXPECT_EQ(readable_duration(1500ns), "1.5 us");
  EXPECT_EQ(readable_duration(20ms), "20 ms");
  EXPECT_EQ(readable_duration(12'345ms), "12.3 s");
  EXPECT_EQ(readable_duration(1min), "1:00");
  EXPECT_EQ(readable_duration(4min + 5s), "4:05");
  EXPECT_EQ(readable_duration(1h + 2min + 3s), "1:02:03");
  EXPECT_EQ(readable_duration(100h), "100:00:00");
}

TEST(readable_duration, rounds_into_the_next_unit) {
  EXPECT_EQ(readable_duration(999'999ns), "1 ms");
  EXPECT_EQ(readable_duration(59'990ms), "1:00");
  EXPECT_EQ(readable_duration(59min + 59s + 700ms), "1:00:00");
}

TEST(readable_duration, takes_extreme_values) {
  EXPECT_EQ(readable_duration(-5s), "0 ns");
  EXPECT_EQ(readable_duration(std::chrono::nanoseconds::max()), "2562047:47:17");
}

TEST(readable_clock, shows_minutes_and_seconds_and_hours_where_there_are_any) {
  EXPECT_EQ(readable_clock(0ns), "0:00");
  EXPECT_EQ(readable_clock(7s + 499ms), "0:07");
  EXPECT_EQ(readable_clock(59s + 500ms), "1:00");
  EXPECT_EQ(readable_clock(1h + 2min + 3s), "1:02:03");
  EXPECT_EQ(readable_clock(-5s), "0:00");
}

TEST(readable_rate, keeps_three_digits) {
  EXPECT_EQ(readable_rate(0), "0");
  EXPECT_EQ(readable_rate(0.25), "0.25");
  EXPECT_EQ(readable_rate(12.345), "12.3");
  EXPECT_EQ(readable_rate(812.7), "813");
  EXPECT_EQ(readable_rate(1'234'567.2), "1,234,567");
}

TEST(readable_rate, takes_values_that_are_no_rate) {
  EXPECT_EQ(readable_rate(-1), "0");
  EXPECT_EQ(readable_rate(std::numeric_limits<double>::quiet_NaN()), "0");
  EXPECT_EQ(readable_rate(std::numeric_limits<double>::infinity()), "1,000,000,000,000,000,000");
}

TEST(readable_share, is_whole_percent) {
  EXPECT_EQ(readable_share(0), "0 %");
  EXPECT_EQ(readable_share(0.374), "37 %");
  EXPECT_EQ(readable_share(1.0001), "100 %");
  EXPECT_EQ(readable_share(std::numeric_limits<double>::quiet_NaN()), "0 %");
}

}  // namespace
