// Hashes of keys and of records: fixed for ever, they are in files.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace parwork::detail {

/// Eight bytes at a time, little-endian, each step a bijection of the state: bytes that differ in
/// one word, whatever the difference, have different hashes. Not made to withstand an attacker:
/// equal hashes cost a comparison of keys, no more.
[[nodiscard]] std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0) noexcept;

/// A bijection that spreads every bit over all bits (the finalizer of splitmix64, Steele, Lea and
/// Flood, "Fast splittable pseudorandom number generators", 2014).
[[nodiscard]] std::uint64_t mix(std::uint64_t x) noexcept;

/// The checksum of a record. The rank is added by exclusive or, so that a record that moves needs
/// not be read again: see `moved_checksum`.
[[nodiscard]] std::uint64_t record_checksum(std::int64_t rank, std::string_view key, int state,
                                            unsigned attempts, std::string_view value) noexcept;
[[nodiscard]] std::uint64_t moved_checksum(std::uint64_t checksum, std::int64_t from,
                                           std::int64_t to) noexcept;

}  // namespace parwork::detail
