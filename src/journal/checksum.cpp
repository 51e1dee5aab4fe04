#include "journal/checksum.hpp"

#include <bit>
#include <cstring>

namespace parwork::detail {

namespace {

constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio

std::uint64_t step(std::uint64_t state, std::uint64_t word) noexcept {
  state = (state ^ word) * odd;
  return state ^ (state >> 32);
}

// REQUIRES: no more bytes than a word has.
std::uint64_t word_of(std::string_view bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

}  // namespace

std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed) noexcept {
  std::uint64_t state = step(seed, bytes.size());
  while (bytes.size() >= sizeof(std::uint64_t)) {
    state = step(state, word_of(bytes.substr(0, sizeof(std::uint64_t))));
    bytes.remove_prefix(sizeof(std::uint64_t));
  }
  if (!bytes.empty()) state = step(state, word_of(bytes));
  return mix(state);
}

std::uint64_t record_checksum(std::int64_t rank, std::string_view key, int state, unsigned attempts,
                              std::string_view value) noexcept {
  const auto about = static_cast<std::uint64_t>(attempts) << 8 | static_cast<unsigned>(state);
  return hash_bytes(value, hash_bytes(key, about)) ^ mix(static_cast<std::uint64_t>(rank));
}

std::uint64_t moved_checksum(std::uint64_t checksum, std::int64_t from, std::int64_t to) noexcept {
  return checksum ^ mix(static_cast<std::uint64_t>(from)) ^ mix(static_cast<std::uint64_t>(to));
}

}  // namespace parwork::detail
