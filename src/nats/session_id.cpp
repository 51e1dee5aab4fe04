#include "nats/session_id.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace parwork::nats::detail {
namespace {

constexpr std::size_t digits_of_half = 16;

void append_hex(std::uint64_t half, std::string& into) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) into.push_back(digits[(half >> shift) & 0xf]);
}

std::optional<std::uint64_t> half_from(std::string_view text) {
  for (const char each : text) {
    if (!(each >= '0' && each <= '9') && !(each >= 'a' && each <= 'f')) return std::nullopt;
  }
  std::uint64_t half = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), half, 16);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return half;
}

}  // namespace

session_id session_id::make() {
  std::array<std::uint64_t, 2> words{};
  // Up to 256 bytes come whole.
  while (getrandom(words.data(), sizeof words, 0) != static_cast<ssize_t>(sizeof words)) {
    if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "parwork: no random numbers");
    }
  }
  return {words[0], words[1]};
}

std::string session_id::text() const {
  std::string hex;
  hex.reserve(2 * digits_of_half);
  append_hex(high, hex);
  append_hex(low, hex);
  return hex;
}

std::optional<session_id> session_id::from(std::string_view text) {
  if (text.size() != 2 * digits_of_half) return std::nullopt;
  const auto first = half_from(text.substr(0, digits_of_half));
  const auto second = half_from(text.substr(digits_of_half));
  if (!first || !second) return std::nullopt;
  return session_id{*first, *second};
}

}  // namespace parwork::nats::detail
