// The strings of a given length over [a-zA-Z0-9], numbered from 0, and what the two searches
// through them have in common.
//
// Thread safety: values and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "md5.hpp"
#include "program.hpp"

namespace examples {

inline constexpr std::string_view alphabet =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// 62^10 is the last power of 62 that fits into 63 bits.
inline constexpr std::size_t longest_candidate = 10;

/// A short string without a heap allocation: millions of them are made a second.
class candidate_text {
 public:
  /// The string number `number` of those of `length` characters.
  /// REQUIRES: `length <= longest_candidate`.
  candidate_text(std::uint64_t number, std::size_t length) : length_(length) {
    for (std::size_t at = length; at-- > 0; number /= alphabet.size()) {
      characters_[at] = alphabet[number % alphabet.size()];
    }
  }

  std::string_view view() const { return {characters_.data(), length_}; }

 private:
  std::array<char, longest_candidate> characters_{};
  std::size_t length_;
};

inline std::uint64_t candidate_count(std::size_t length) {
  std::uint64_t count = 1;
  for (std::size_t at = 0; at < length; ++at) count *= alphabet.size();
  return count;
}

/// What to search for, from the options that both searches have.
struct search {
  md5_algorithm md5;
  std::size_t length = 4;
  md5_digest wanted{};
};

/// Reads `--length` and `--hash`; without a hash, that of a random string. Throws `usage_error`.
inline search search_from(arguments& words) {
  search result;
  result.length = words.number("--length", 4, 1, longest_candidate);
  if (const std::optional<std::string> hex = words.value("--hash")) {
    const std::optional<md5_digest> digest = md5_from_hex(*hex);
    if (!digest) throw usage_error("--hash: '" + *hex + "' is not 32 hexadecimal digits");
    result.wanted = *digest;
  } else {
    std::random_device entropy;
    std::uniform_int_distribution<std::uint64_t> any(0, candidate_count(result.length) - 1);
    result.wanted = md5_hasher(result.md5).hash(candidate_text(any(entropy), result.length).view());
  }
  return result;
}

inline void announce(const search& search) {
  std::printf("looking for a string of %zu characters with MD5 %s\n", search.length,
              to_hex(search.wanted).c_str());
  flush_output();
}

}  // namespace examples
