#include "parwork/codec.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace {

using parwork::codec;
using parwork::codec_error;
using parwork::encodable;

template <class T>
std::string encoded(const T& value) {
  std::string bytes;
  codec<T>::encode(value, bytes);
  return bytes;
}

// There and back, with other bytes around it.
template <class T>
T there_and_back(const T& value) {
  std::string bytes = encoded(value) + "behind";
  std::string_view from = bytes;
  T back = codec<T>::decode(from);
  EXPECT_EQ(from, "behind");
  return back;
}

template <class T>
void expect_same(const T& value) {
  EXPECT_EQ(there_and_back(value), value);
}

enum class colour : std::uint8_t { red, green };
struct point {
  int x;
  double y;
  bool operator==(const point&) const = default;
};

TEST(codec, brings_back_what_it_was_given) {
  expect_same(42);
  expect_same(-0.5);
  expect_same(true);
  expect_same(colour::green);
  expect_same(point{1, 2.5});
  expect_same(std::array<int, 3>{1, 2, 3});
  expect_same(std::string());
  expect_same(std::string("nul\0inside", 10));
  expect_same(std::string(100'000, 'x'));
  expect_same(std::u16string(u"wide"));
  expect_same(std::filesystem::path("/some/where"));
  expect_same(std::vector<int>{});
  expect_same(std::vector<std::string>{"a", "", "ccc"});
  expect_same(std::vector<std::vector<int>>{{}, {1}, {2, 3}});
  expect_same(std::vector<bool>{true, false, true});
  expect_same(std::pair<int, std::string>{1, "one"});
  expect_same(std::tuple<int, std::string, std::optional<double>>{1, "two", 3.0});
  expect_same(std::optional<int>{});
  expect_same(std::optional<std::string>{"full"});
  expect_same(std::optional<std::optional<int>>{std::optional<int>{}});
  expect_same(std::monostate{});
  EXPECT_TRUE(std::isnan(there_and_back(std::numeric_limits<double>::quiet_NaN())));
}

TEST(codec, keeps_short_strings_readable) {
  EXPECT_EQ(encoded(std::string("abc")), "\3abc");
  EXPECT_EQ(encoded(std::string(300, 'x')).substr(0, 2), "\xac\x02");
}

TEST(codec, refuses_what_means_nothing_elsewhere) {
  EXPECT_FALSE(encodable<int*>);
  EXPECT_FALSE(encodable<std::string_view>);
  EXPECT_FALSE(encodable<std::vector<const char*>>);
  EXPECT_FALSE((encodable<std::pair<int, std::unique_ptr<int>>>));
}

using whole = std::tuple<int, std::string, std::vector<std::string>, std::optional<std::string>>;
const whole sample{7, "seven", {"a", "bb", ""}, "last"};

TEST(codec, refuses_bytes_that_are_cut_short) {
  const std::string bytes = encoded(sample);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    std::string_view from(bytes.data(), length);
    EXPECT_THROW((void)codec<whole>::decode(from), codec_error) << length << " bytes";
  }
}

TEST(codec, lives_with_any_bytes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = encoded(sample);
    for (unsigned flips = random() % 3 + 1; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    std::string_view from = bytes;
    try {
      (void)codec<whole>::decode(from);
    } catch (const codec_error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(codec, refuses_a_length_that_no_bytes_can_have) {
  const std::string endless(11, '\xff');
  std::string_view from = endless;
  EXPECT_THROW((void)codec<std::string>::decode(from), codec_error);
  const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\x7f";
  from = huge;
  EXPECT_THROW((void)codec<std::vector<std::uint64_t>>::decode(from), codec_error);
  from = huge;
  EXPECT_THROW((void)codec<std::u32string>::decode(from), codec_error);
}

}  // namespace
