#include "nats/messages.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <string>

#include "nats/crc32c.hpp"
#include "parwork/codec.hpp"
#include "support/nats_samples.hpp"

namespace message_tests {  // whose helpers have short names
namespace {

namespace wire = parwork::nats::detail;
namespace nats_samples = parwork_test::nats_samples;
using nats_samples::encoded;

// A frame with any type, any fields and the right check.
std::string forged(std::uint8_t version, std::uint8_t type, std::string_view fields) {
  std::string frame = "PW";
  frame += static_cast<char>(version);
  frame += static_cast<char>(type);
  frame += fields;
  std::uint32_t crc = wire::crc32c(frame);
  for (int i = 0; i < 4; ++i, crc >>= 8) frame += static_cast<char>(crc & 0xff);
  return frame;
}

std::string fields_in(std::string_view frame) {
  return std::string(frame.substr(4, frame.size() - 8));
}

std::string number(std::uint64_t value) {
  std::string bytes;
  parwork::detail::encode_length(value, bytes);
  return bytes;
}

bool is_damage(std::string_view frame) {
  const wire::decoded got = wire::decode(frame);
  return !got.what && got.fault == wire::decode_fault::damaged && !got.caller;
}

bool is_damaging(const wire::message& what) { return is_damage(encoded(what)); }

template <class Message>
Message with(Message what, auto change) {
  change(what);
  return what;
}

TEST(messages, come_back_as_they_were) {
  std::set<std::size_t> types;
  for (const auto& [name, each] : nats_samples::all()) {
    const std::string frame = encoded(each);
    const wire::decoded got = wire::decode(frame);
    ASSERT_TRUE(got.what) << name;
    EXPECT_EQ(*got.what, each) << name;
    types.insert(each.index());
  }
  EXPECT_EQ(types.size(), std::variant_size_v<wire::message>) << "a sample of each type";
}

TEST(messages, of_the_hot_overloads_have_the_same_bytes_and_follow_what_is_there) {
  std::string batch = "before", result = batch, part = batch;
  const wire::part some{.session = {}, .of = 1, .index = 0, .count = 1, .bytes = "bytes"};
  wire::encode(nats_samples::a_batch(), batch);
  wire::encode(nats_samples::a_result(), result);
  wire::encode(some, part);
  EXPECT_EQ(batch, "before" + encoded(nats_samples::a_batch()));
  EXPECT_EQ(result, "before" + encoded(nats_samples::a_result()));
  EXPECT_EQ(part, "before" + encoded(some));
}

// Version 1 for ever: what has been said once is understood.
TEST(messages, have_the_bytes_that_version_1_has) {
  const auto in_hex = [](std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
      constexpr std::string_view digits = "0123456789abcdef";
      text += digits[static_cast<unsigned char>(byte) >> 4];
      text += digits[static_cast<unsigned char>(byte) & 15];
    }
    return text;
  };
  const wire::session_id id{.high = 0x0102030405060708, .low = 0x090a0b0c0d0e0f10};
  EXPECT_EQ(in_hex(fields_in(encoded(wire::poll{.session = id, .number = 300}))),
            "0807060504030201100f0e0d0c0b0a09ac02");
  EXPECT_EQ(in_hex(encoded(wire::started{.batch = 5})).substr(0, 10), "5057010505");
  const wire::batch two{.session = id,
                        .number = 1,
                        .how = wire::care::careful,
                        .items = {{.index = 9, .attempt = 1, .bytes = "ab"},
                                  {.index = 10, .attempt = 2, .bytes = "c"}}};
  EXPECT_EQ(in_hex(fields_in(encoded(two))).substr(32), "01010209126162060263");
  const wire::outcome failed{.kind = wire::outcome_kind::failed,
                             .why = parwork::failure_kind::timeout,
                             .message = "no",
                             .stage = 1};
  const wire::result one{.batch = 2, .thread = 3, .began = 4, .took = -1, .outcomes = {failed}};
  EXPECT_EQ(in_hex(fields_in(encoded(one))), "02030801010902026e6f");
}

// What the fuzz target begins with: `ninja nats_corpus` writes it.
TEST(messages, are_all_in_the_corpus) {
  for (const auto& [name, each] : nats_samples::all()) {
    std::ifstream file(std::string(NATS_CORPUS "/") + name, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(bytes, encoded(each)) << name;
  }
}

TEST(messages, cut_short_are_damage) {
  for (const auto& [name, each] : nats_samples::all()) {
    const std::string frame = encoded(each);
    const std::string fields = fields_in(frame);
    for (std::size_t size = 0; size < frame.size(); ++size) {
      ASSERT_TRUE(is_damage(frame.substr(0, size))) << name << ' ' << size;
    }
    // And with a check that fits: only the bounds of the fields tell.
    for (std::size_t size = 0; size < fields.size(); ++size) {
      ASSERT_TRUE(is_damage(forged(1, static_cast<std::uint8_t>(frame[3]), fields.substr(0, size))))
          << name << ' ' << size;
    }
  }
}

TEST(messages, with_bytes_left_over_are_damage) {
  for (const auto& [name, each] : nats_samples::all()) {
    const std::string frame = encoded(each);
    EXPECT_TRUE(is_damage(frame + '\0')) << name;
    EXPECT_TRUE(is_damage(forged(1, static_cast<std::uint8_t>(frame[3]), fields_in(frame) + '\0')))
        << name;
  }
}

TEST(messages, with_any_bit_flipped_are_damage) {
  for (const auto& [name, each] : nats_samples::all()) {
    std::string frame = encoded(each);
    for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
      const auto mask = static_cast<char>(1 << bit % 8);
      frame[bit / 8] = static_cast<char>(frame[bit / 8] ^ mask);
      ASSERT_TRUE(is_damage(frame)) << name << ' ' << bit;
      frame[bit / 8] = static_cast<char>(frame[bit / 8] ^ mask);
    }
  }
}

TEST(messages, of_random_fields_are_damage_or_come_back) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const auto& [name, each] : nats_samples::all()) {
    const std::string frame = encoded(each);
    for (int round = 0; round < 300; ++round) {
      std::string fields = fields_in(frame);
      for (std::size_t i = random() % 4 + 1; i-- > 0 && !fields.empty();) {
        fields[random() % fields.size()] = static_cast<char>(random());
      }
      const std::string changed = forged(1, static_cast<std::uint8_t>(frame[3]), fields);
      const wire::decoded got = wire::decode(changed);
      if (!got.what) continue;
      const std::string again = encoded(*got.what);
      ASSERT_EQ(encoded(*wire::decode(again).what), again);
    }
  }
}

TEST(messages, of_an_unknown_type_are_damage) {
  EXPECT_TRUE(is_damage(forged(1, 0, "")));
  for (std::size_t type = std::variant_size_v<wire::message> + 1; type < 256; ++type) {
    EXPECT_TRUE(is_damage(forged(1, static_cast<std::uint8_t>(type), "")));
  }
}

TEST(messages, of_another_version_are_told_by_it) {
  const std::string call = encoded(nats_samples::a_call());
  const std::string later = forged(2, 1, fields_in(call) + "and what nobody knows yet");
  const wire::decoded got = wire::decode(later);
  EXPECT_FALSE(got.what);
  EXPECT_EQ(got.fault, wire::decode_fault::other_version);
  EXPECT_EQ(got.version, 2);
  EXPECT_EQ(got.caller, nats_samples::session(1)) << "a call says whom to answer";

  const wire::decoded other = wire::decode(forged(0, 4, "?"));
  EXPECT_EQ(other.fault, wire::decode_fault::other_version);
  EXPECT_EQ(other.version, 0);
  EXPECT_FALSE(other.caller) << "not a call";
  EXPECT_FALSE(wire::decode(forged(2, 1, "too short")).caller);
}

TEST(messages, with_values_that_nobody_sends_are_damage) {
  using namespace std::chrono_literals;
  const wire::call call = nats_samples::a_call();
  EXPECT_TRUE(is_damaging(with(call, [](wire::call& m) { m.heartbeat = -1ns; })));
  EXPECT_TRUE(is_damaging(with(call, [](wire::call& m) { m.timeout = -1ns; })));
  const wire::job_status status = nats_samples::a_job_status();
  for (const double wrong :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -1.0}) {
    EXPECT_TRUE(
        is_damaging(with(status, [&](wire::job_status& m) { m.items_per_second = wrong; })));
  }
  EXPECT_TRUE(is_damaging(wire::part{.session = {}, .of = 1, .index = 3, .count = 3, .bytes = {}}));
  EXPECT_TRUE(is_damaging(wire::part{.session = {}, .of = 1, .index = 0, .count = 0, .bytes = {}}));
}

TEST(messages, with_enumerators_out_of_range_are_damage) {
  EXPECT_TRUE(is_damaging(with(nats_samples::a_state(),
                               [](wire::state& m) { m.fits = static_cast<wire::fitness>(5); })));
  EXPECT_TRUE(is_damaging(with(nats_samples::a_state(), [](wire::state& m) {
    m.held[0].at = static_cast<wire::batch_stage>(3);
  })));
  EXPECT_TRUE(is_damaging(
      with(nats_samples::a_batch(), [](wire::batch& m) { m.how = static_cast<wire::care>(3); })));
  EXPECT_TRUE(is_damaging(with(nats_samples::a_result(), [](wire::result& m) {
    m.outcomes[2].why = static_cast<parwork::failure_kind>(5);
  })));
  const std::string result_head = number(1) + number(1) + number(0) + number(0) + number(1);
  EXPECT_FALSE(is_damage(forged(1, 6, result_head + number(2)))) << "not started";
  EXPECT_TRUE(is_damage(forged(1, 6, result_head + number(3)))) << "an unknown kind";
  EXPECT_TRUE(is_damage(forged(1, 6, result_head + number(1 << 2 | 2) + "x")))
      << "bytes of what was not started";
  const std::string failed = result_head + number(1) + '\0';
  EXPECT_FALSE(is_damage(forged(1, 6, failed + number(std::uint64_t{1} << 32))));
  EXPECT_TRUE(is_damage(forged(1, 6, failed + number((std::uint64_t{1} << 32) + 1))))
      << "a stage beyond 32 bits";
  EXPECT_FALSE(is_damage(forged(1, 12, number(0) + '\1'))) << "goodbye";
  EXPECT_TRUE(is_damage(forged(1, 12, number(0) + '\2'))) << "a bool that is none";
}

TEST(messages, with_numbers_that_are_too_large_are_damage) {
  const std::string most = std::string(9, '\xff') + '\x01';
  EXPECT_FALSE(is_damage(forged(1, 5, most)));
  EXPECT_TRUE(is_damage(forged(1, 5, std::string(9, '\xff') + '\x02'))) << "beyond 64 bits";
  EXPECT_TRUE(is_damage(forged(1, 5, std::string(10, '\x80') + '\0'))) << "11 bytes";
  EXPECT_TRUE(is_damage(
      forged(1, 6, number(1) + number(std::uint64_t{1} << 32) + number(0) + number(0) + number(0))))
      << "a thread beyond 32 bits";
}

TEST(messages, with_lists_beyond_their_bytes_or_the_limit_are_damage) {
  const std::string head = std::string(16, '\0') + number(1) + '\0';
  EXPECT_TRUE(is_damage(forged(1, 4, head + number(std::uint64_t{1} << 60)))) << "no memory for it";
  const std::string most(wire::most_items, '\0');  // empty items
  const std::string frame = forged(1, 4, head + number(most.size()) + most);
  const wire::decoded got = wire::decode(frame);
  ASSERT_TRUE(got.what);
  EXPECT_EQ(std::get<wire::batch>(*got.what).items.back().index, wire::most_items - 1);
  EXPECT_TRUE(is_damage(forged(1, 4, head + number(most.size() + 1) + most + '\0')));
}

TEST(messages, with_items_beyond_the_largest_are_damage) {
  std::string large(wire::largest_payload, 'x');
  wire::batch what{
      .session = {}, .number = 1, .how = wire::care::none, .items = {{.bytes = large}}};
  std::string frame;
  wire::encode(what, frame);
  EXPECT_TRUE(wire::decode(frame).what);
  large += 'x';
  what.items[0].bytes = large;
  frame.clear();
  wire::encode(what, frame);
  EXPECT_TRUE(is_damage(frame));
}

TEST(messages, of_small_items_cost_little_more_than_the_items) {
  wire::batch what{.session = nats_samples::session(1), .number = 1'000'000};
  wire::result outcomes{.batch = 1'000'000, .thread = 1, .began = 1LL << 50, .took = 20'000'000};
  for (std::uint64_t i = 0; i < 256; ++i) {
    what.items.push_back({.index = 1'000'000'000 + i, .attempt = 1, .bytes = "sixteen bytes, 1"});
    outcomes.outcomes.push_back({.result = "sixteen bytes, 2"});
  }
  EXPECT_LE(encoded(what).size(), 256 * 18);
  EXPECT_LE(encoded(outcomes).size(), 256 * 18);
}

}  // namespace
}  // namespace message_tests
