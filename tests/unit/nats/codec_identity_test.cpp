// Names of codecs: equal where the bytes mean the same, and different where they do not.
#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "parwork/detail/nats_codec_identity.hpp"

namespace identity_test {

struct point {
  int x, y;
};
struct named {
  std::list<int> any;
};
struct unnamed {
  std::list<int> any;
};

}  // namespace identity_test

template <>
struct parwork::codec<identity_test::named> {
  static constexpr std::string_view id = "named/2";
  static void encode(const identity_test::named&, std::string&) {}
  static identity_test::named decode(std::string_view&) { return {}; }
};
template <>
struct parwork::codec<identity_test::unnamed> {
  static void encode(const identity_test::unnamed&, std::string&) {}
  static identity_test::unnamed decode(std::string_view&) { return {}; }
};

namespace identity_test {

using parwork::nats::detail::codec_identity;

std::string in_this_order(const std::string& structure) {
  return (std::endian::native == std::endian::little ? "little " : "big ") + structure;
}

TEST(codec_identity, of_built_in_codecs_is_their_structure) {
  EXPECT_EQ((codec_identity<std::vector<std::pair<std::string, std::int64_t>>>()),
            in_this_order("vector<pair<string,i8>>"));
  EXPECT_EQ((codec_identity<std::tuple<std::uint8_t, double, bool>>()),
            in_this_order("tuple<u1,f8,bool>"));
  EXPECT_EQ(codec_identity<std::optional<std::filesystem::path>>(),
            in_this_order("optional<path>"));
  EXPECT_EQ(codec_identity<std::u16string>(), in_this_order("string<u2>"));
  EXPECT_EQ(codec_identity<void>(), in_this_order("void"));
}

TEST(codec_identity, of_numbers_is_their_kind_and_size) {
  EXPECT_EQ(codec_identity<long>(), codec_identity<std::int64_t>());
  EXPECT_EQ(codec_identity<long long>(), codec_identity<std::int64_t>());
  EXPECT_NE(codec_identity<unsigned>(), codec_identity<int>());
}

TEST(codec_identity, of_memory_says_its_size_alignment_and_type) {
  EXPECT_EQ(codec_identity<point>(), in_this_order("memory(8,4,identity_test::point)"));
}

TEST(codec_identity, of_specialised_codecs_is_their_id_or_the_type) {
  EXPECT_EQ(codec_identity<std::vector<named>>(), in_this_order("vector<id(named/2)>"));
  EXPECT_EQ(codec_identity<unnamed>(), in_this_order("type(identity_test::unnamed)"));
}

}  // namespace identity_test
