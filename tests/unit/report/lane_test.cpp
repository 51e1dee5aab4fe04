// How lanes keep time within their budget, and how durations are counted.
#include "parwork/detail/lane.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "recording/recording.hpp"
#include "support/rounds.hpp"

namespace {

using parwork::detail::attempt_result;
using parwork::detail::duration_counts;
using parwork::detail::lane;
using parwork::detail::part;
using parwork::detail::recording;
using parwork::detail::slice;

struct durations : testing::Test {
  duration_counts counts;
};

TEST_F(durations, of_none_are_zero) {
  EXPECT_EQ(counts.quantile(0.5), 0);
  EXPECT_EQ(counts.max(), 0);
  EXPECT_EQ(counts.count(), 0U);
}

TEST_F(durations, quantiles_are_exact_to_three_per_cent) {
  std::vector<std::int64_t> all;
  parwork_test::play_rounds(20, [&](parwork_test::dice& roll) {
    counts = {};
    all.clear();
    for (int i = 0; i < 2000; ++i) {
      const auto digits = roll.below(40);
      all.push_back(static_cast<std::int64_t>(roll.below(std::uint64_t{1} << digits)));
      counts.add(all.back());
    }
    std::ranges::sort(all);
    for (const double share : {0.0, 0.5, 0.9, 0.99, 0.999}) {
      const auto exact = static_cast<double>(
          all[std::min(all.size() - 1, static_cast<std::size_t>(share * 2000))]);
      EXPECT_NEAR(static_cast<double>(counts.quantile(share)), exact, 0.032 * exact + 1);
    }
    EXPECT_EQ(counts.max(), all.back());
  });
}

TEST_F(durations, every_bucket_begins_where_the_one_before_ends) {
  for (std::size_t bucket = 1; bucket < 1800; ++bucket) {
    const std::int64_t from = duration_counts::lower_end(bucket);
    ASSERT_GT(from, duration_counts::lower_end(bucket - 1));
    counts = {};
    counts.add(from);
    counts.add(from - 1);
    ASSERT_EQ(counts.in_bucket(bucket), 1U) << from;
    ASSERT_EQ(counts.in_bucket(bucket - 1), 1U) << from;
  }
}

TEST_F(durations, the_longest_and_a_negative_one_can_be_counted) {
  counts.add(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(counts.max(), std::numeric_limits<std::int64_t>::max());
  counts = {};
  counts.add(-5);
  EXPECT_EQ(counts.quantile(1), 0);
  EXPECT_EQ(counts.count(), 1U);
}

// --- Lanes ---

struct lanes : testing::Test {
  lanes() { run.begin({}, 0); }

  static std::int64_t time_of(const lane& which, part of) {
    std::int64_t sum = 0;
    for (const slice& each : which.slices()) sum += each.time[static_cast<std::size_t>(of)];
    return sum;
  }

  recording run{std::size_t{1} << 20, ""};
  duration_counts durations;
};

TEST_F(lanes, neighbours_of_one_part_are_one_slice) {
  lane its(run, 100'000, 0, durations);
  its.turn(part::working, 10);
  its.turn(part::working, 30);
  its.turn(part::nothing, 35);
  ASSERT_EQ(its.slices().size(), 2U);
  EXPECT_EQ(its.slices()[0].length(), 30);
  EXPECT_EQ(its.slices()[1].start, 30);
}

TEST_F(lanes, a_clock_that_goes_back_takes_nothing_away) {
  lane its(run, 100'000, 0, durations);
  its.turn(part::working, 10);
  its.turn(part::nothing, 8);
  its.turn(part::collecting, 12);
  EXPECT_EQ(its.end(), 12);
  EXPECT_EQ(time_of(its, part::working), 10);
  EXPECT_EQ(time_of(its, part::collecting), 2);
}

TEST_F(lanes, counts_are_kept_with_the_time_they_were_made_in) {
  lane its(run, 100'000, 0, durations);
  its.pulled(3);
  its.turn(part::pulling, 10);
  its.collected(2);
  its.turn(part::collecting, 20);
  EXPECT_EQ(its.slices()[0].pulled, 3U);
  EXPECT_EQ(its.slices()[1].collected, 2U);
}

TEST_F(lanes, whatever_is_recorded_stays_within_the_budget_and_adds_up) {
  parwork_test::play_rounds(20, [&](parwork_test::dice& roll) {
    const std::size_t budget = 64 * sizeof(slice) + roll.below(20'000);
    lane its(run, budget, 0, durations);
    std::int64_t now = 0;
    std::array<std::int64_t, parwork::detail::parts> truth{};
    std::uint64_t worked = 0;
    for (int i = 0; i < 3000; ++i) {
      const std::int64_t length = 1 + static_cast<std::int64_t>(roll.below(100'000));
      if (roll.chance(30)) {
        const std::string name(roll.below(60), 'n');
        its.add_span({.duration = length, .start = now, .index = worked, .name = name});
        truth[static_cast<std::size_t>(part::working)] += length;
        ++worked;
      } else {
        const auto doing = static_cast<part>(roll.below(parwork::detail::parts));
        its.turn(doing, now + length);
        truth[static_cast<std::size_t>(doing)] += length;
      }
      now += length;
      std::size_t bytes = its.slices().size() * sizeof(slice);
      for (const slice& each : its.slices()) {
        if (each.name != slice::no_name) bytes += sizeof(std::string) + its.name_of(each).size();
      }
      ASSERT_LE(bytes, budget);
    }
    for (std::size_t each = 0; each < truth.size(); ++each) {
      EXPECT_EQ(time_of(its, static_cast<part>(each)), truth[each]);
    }
    std::uint64_t drawn = 0;
    std::int64_t end = 0;
    for (const slice& each : its.slices()) {
      ASSERT_EQ(each.start, end);
      end = each.end();
      drawn += each.worked;
    }
    EXPECT_EQ(drawn, worked);
    EXPECT_GT(its.resolution(), 0);
  });
}

TEST_F(lanes, names_stay_with_their_slices_when_others_are_merged) {
  lane its(run, 64 * sizeof(slice), 0, durations);
  std::int64_t now = 0;
  for (int i = 0; i < 500; ++i) {
    const bool is_long = i % 50 == 7;
    const std::int64_t length = is_long ? 1'000'000'000 : 100;
    its.add_span({.duration = length,
                  .start = now,
                  .index = static_cast<std::uint64_t>(i),
                  .name = std::to_string(i)});
    now += length + 1;
  }
  int found = 0;
  for (const slice& each : its.slices()) {
    if (each.name == slice::no_name) continue;
    EXPECT_EQ(its.name_of(each), std::to_string(each.first));
    if (each.length() >= 1'000'000'000) ++found;
  }
  EXPECT_EQ(found, 10);
}

TEST_F(lanes, the_slowest_are_kept) {
  lane its(run, 100'000, 0, durations);
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t duration = (i * 7919) % 1000 + 1;
    its.add_attempt({.duration = duration, .index = static_cast<std::uint64_t>(i)});
  }
  std::vector<std::int64_t> kept;
  for (const auto& each : its.slowest()) kept.push_back(each.duration);
  std::ranges::sort(kept);
  ASSERT_EQ(kept.size(), 20U);
  EXPECT_EQ(kept.front(), 981);
  EXPECT_EQ(kept.back(), 1000);
}

}  // namespace
