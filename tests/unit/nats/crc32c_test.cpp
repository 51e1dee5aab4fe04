#include "nats/crc32c.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace {

using parwork::nats::detail::crc32c;
using parwork::nats::detail::crc32c_by_tables;

struct crc_vector {
  std::string bytes;
  std::uint32_t crc;
};

// RFC 3720, B.4, and the check value of the catalogue of CRCs.
std::vector<crc_vector> published_crcs() {
  std::string rising(32, '\0');
  for (int i = 0; i < 32; ++i) rising[static_cast<std::size_t>(i)] = static_cast<char>(i);
  const std::string falling(rising.rbegin(), rising.rend());
  std::string command(48, '\0');
  command[0] = '\x01';
  command[1] = '\xc0';
  command[16] = '\x14';
  command[22] = '\x04';
  command[27] = '\x14';
  command[31] = '\x18';
  command[32] = '\x28';
  command[40] = '\x02';
  return {{std::string(32, '\0'), 0x8a9136aaU},
          {std::string(32, '\xff'), 0x62a8ab43U},
          {rising, 0x46dd794eU},
          {falling, 0x113fdb5cU},
          {command, 0xd9963a56U},
          {"123456789", 0xe3069283U},
          {"", 0}};
}

TEST(crc32c, gives_the_published_values) {
  for (const crc_vector& each : published_crcs()) {
    EXPECT_EQ(crc32c(each.bytes), each.crc);
    EXPECT_EQ(crc32c_by_tables(each.bytes), each.crc);
  }
}

TEST(crc32c, by_instruction_and_by_tables_is_the_same_at_every_length_and_place) {
  std::mt19937_64 random(3720);
  std::string bytes(1700, '\0');  // two stretches at three places each
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (const std::size_t begin : {0, 1, 7}) {
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
      const auto some = std::string_view(bytes).substr(begin, size);
      ASSERT_EQ(crc32c(some), crc32c_by_tables(some)) << begin << ' ' << size;
    }
  }
}

TEST(crc32c, goes_on_where_it_stopped) {
  const std::string_view all = "items to be worked on, in two pieces";
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    EXPECT_EQ(crc32c(all.substr(cut), crc32c(all.substr(0, cut))), crc32c(all));
    EXPECT_EQ(crc32c_by_tables(all.substr(cut), crc32c_by_tables(all.substr(0, cut))), crc32c(all));
  }
}

}  // namespace
