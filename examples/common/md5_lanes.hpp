// MD5 of several short strings at once, one in each lane of a vector.
//
// A step of MD5 needs the one before, so a processor that hashes one string mostly waits; eight
// that do not need each other fill its vector units. OpenSSL, which hashes one, has the last word
// on what is found here. Source: RFC 1321.
//
// Thread safety: pure functions. Cost: some 40 ns a string with the vectors that every x86-64 has.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace examples {

inline constexpr std::size_t md5_lane_count = 8;

/// One 32-bit word of each lane. A vector extension of g++ and clang.
using md5_word = std::uint32_t __attribute__((vector_size(4 * md5_lane_count)));

/// As many strings as there are lanes, all of one length, at most 55 bytes: one block of MD5 each.
class md5_lanes {
 public:
  /// REQUIRES: length <= 55.
  explicit md5_lanes(std::size_t length) : length_(length) {
    for (std::size_t lane = 0; lane < md5_lane_count; ++lane) {
      put(lane, length, 0x80);
      message_[14][lane] = static_cast<std::uint32_t>(length * 8);
    }
  }

  /// REQUIRES: lane < md5_lane_count, text.size() is the length of all.
  void set(std::size_t lane, std::string_view text) {
    const std::size_t words = (length_ + 1 + 3) / 4;
    for (std::size_t word = 0; word < words; ++word) message_[word][lane] = 0;
    for (std::size_t at = 0; at < length_; ++at) {
      put(lane, at, static_cast<unsigned char>(text[at]));
    }
    put(lane, length_, 0x80);
  }

  /// A bit for each lane whose string has this digest.
  [[nodiscard]] unsigned matches(const std::array<unsigned char, 16>& digest) const {
    // The state before the first step, RFC 1321, 3.3.
    constexpr std::array<std::uint32_t, 4> start{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    md5_word state[4];
    for (std::size_t i = 0; i < 4; ++i) state[i] = md5_word{} + start[i];
    all_steps(state, std::make_index_sequence<64>());
    unsigned found = 0;
    for (std::size_t lane = 0; lane < md5_lane_count; ++lane) {
      bool same = true;
      for (std::size_t i = 0; i < 4; ++i) {
        same = same && state[i][lane] + start[i] == word_of(digest, i);
      }
      found |= static_cast<unsigned>(same) << lane;
    }
    return found;
  }

 private:
  void put(std::size_t lane, std::size_t at, std::uint32_t byte) {
    message_[at / 4][lane] |= byte << (8 * (at % 4));
  }

  static std::uint32_t word_of(const std::array<unsigned char, 16>& digest, std::size_t i) {
    std::uint32_t word = 0;
    for (std::size_t byte = 4; byte-- > 0;) word = word << 8 | digest[4 * i + byte];
    return word;
  }

  // RFC 1321, 3.4: the integer part of 2^32 times the sine of each step's number, from 1.
  static const std::array<std::uint32_t, 64>& sines() {
    static const auto table = [] {
      std::array<std::uint32_t, 64> made{};
      for (std::size_t i = 0; i < made.size(); ++i) {
        made[i] = static_cast<std::uint32_t>(
            std::floor(std::ldexp(std::fabs(std::sin(static_cast<double>(i + 1))), 32)));
      }
      return made;
    }();
    return table;
  }

  template <std::size_t... I>
  void all_steps(md5_word (&state)[4], std::index_sequence<I...>) const {
    const auto& sine = sines();
    (step<I>(state, sine[I]), ...);
  }

  // One of the 64 steps; a, b, c and d change places from step to step.
  template <std::size_t I>
  void step(md5_word (&state)[4], std::uint32_t sine) const {
    constexpr int rotations[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    constexpr std::size_t word = I < 16   ? I
                                 : I < 32 ? (5 * I + 1) % 16
                                 : I < 48 ? (3 * I + 5) % 16
                                          : 7 * I % 16;
    constexpr int by = rotations[I / 16][I % 4];
    md5_word& a = state[(64 - I) % 4];
    const md5_word& b = state[(65 - I) % 4];
    const md5_word& c = state[(66 - I) % 4];
    const md5_word& d = state[(67 - I) % 4];
    md5_word mixed;
    if constexpr (I < 16) {
      mixed = d ^ (b & (c ^ d));
    } else if constexpr (I < 32) {
      mixed = c ^ (d & (b ^ c));
    } else if constexpr (I < 48) {
      mixed = b ^ c ^ d;
    } else {
      mixed = c ^ (b | ~d);
    }
    const md5_word sum = a + mixed + message_[word] + sine;
    a = b + ((sum << by) | (sum >> (32 - by)));
  }

  md5_word message_[16] = {};
  std::size_t length_;
};

}  // namespace examples
