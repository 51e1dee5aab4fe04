#include "support/checksum.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace cli {
namespace {

std::uint64_t mixed_with(std::uint64_t state, std::uint64_t word) noexcept {
  state = (state ^ word) * 0x9e3779b97f4a7c15;
  return state ^ (state >> 32);
}

}  // namespace

std::uint64_t checksum_of(std::string_view bytes) noexcept {
  std::uint64_t state = mixed_with(0, bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = std::min(bytes.size(), sizeof(std::uint64_t));
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), length);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    state = mixed_with(state, word);
    bytes.remove_prefix(length);
  }
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  state ^= state >> 31;
  return state != 0 ? state : 1;
}

}  // namespace cli
