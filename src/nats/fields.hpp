// The fields of a message, as bytes and back: what messages.cpp is made of.
//
// A number is what parwork::codec writes for a length: seven bits a byte, the lowest first
// (LEB128). One that may be negative is folded first: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
// (zig-zag). A text is its length and its bytes. All else is of fixed size and little-endian, on
// every machine.
//
// Thread safety: one thread at a time.
//
// Invariants of field_reader:
// 1. It never reads beyond its bytes. Once something was wrong it is at their end, every field is
//    zero or empty, and `has_failed` stays true.
// 2. Memory for a list is bounded by the bytes that are left, and by `most_elements`.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "nats/messages.hpp"
#include "nats/session_id.hpp"
#include "parwork/codec.hpp"

namespace parwork::nats::detail {

/// The last enumerator: what is beyond is damage.
template <class Enum>
inline constexpr Enum last_enumerator;
template <>
inline constexpr fitness last_enumerator<fitness> = fitness::undecided;
template <>
inline constexpr batch_stage last_enumerator<batch_stage> = batch_stage::kept;
template <>
inline constexpr care last_enumerator<care> = care::alone;
template <>
inline constexpr failure_kind last_enumerator<failure_kind> = failure_kind::abandoned;

inline constexpr std::size_t longest_number = 10;  // bytes of 64 bits, seven in each

/// A text or an item is longer in memory than on the wire: an empty one is a byte there. So there
/// are at most as many in a list.
inline constexpr std::uint64_t most_elements = most_items;

[[nodiscard]] constexpr std::uint64_t folded(std::int64_t number) noexcept {
  return (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
}
[[nodiscard]] constexpr std::int64_t unfolded(std::uint64_t number) noexcept {
  return static_cast<std::int64_t>((number >> 1) ^ (~(number & 1) + 1));
}

/// Writes to memory that is known to be large enough.
class bounded_writer {
 public:
  explicit bounded_writer(char* into) noexcept : at_(into) {}

  [[nodiscard]] char* at() const noexcept { return at_; }

  void number(std::uint64_t value) noexcept {
    for (; value >= 0x80; value >>= 7) *at_++ = static_cast<char>(value | 0x80);
    *at_++ = static_cast<char>(value);
  }
  void bytes(std::string_view value) noexcept {
    if (!value.empty())
      std::memcpy(at_, value.data(), value.size());  // else the pointer may be null
    at_ += value.size();
  }

 private:
  char* at_;
};

/// Appends fields to a string.
class field_writer {
 public:
  explicit field_writer(std::string& into) noexcept : into_(into) {}

  template <class... Field>
  void operator()(const Field&... fields) {
    (one(fields), ...);
  }

  /// Appends what `write` makes of a bounded_writer. REQUIRES: no more than `at_most` bytes.
  template <class Write>
  void bounded(std::size_t at_most, Write write) {
    const std::size_t before = into_.size();
    into_.resize_and_overwrite(before + at_most, [&](char* all, std::size_t) {
      bounded_writer to(all + before);
      write(to);
      return static_cast<std::size_t>(to.at() - all);
    });
  }

 private:
  template <std::unsigned_integral Number>
  void one(Number value) {
    parwork::detail::encode_length(value, into_);
  }
  void one(std::int64_t value) { one(folded(value)); }
  void one(std::chrono::nanoseconds value) { one(std::int64_t{value.count()}); }
  void one(bool value) { into_.push_back(value ? '\1' : '\0'); }
  template <class Enum>
    requires std::is_enum_v<Enum>
  void one(Enum value) {
    into_.push_back(static_cast<char>(value));
  }
  void one(double value) { fixed(std::bit_cast<std::uint64_t>(value)); }
  void one(const session_id& value) {
    fixed(value.high);
    fixed(value.low);
  }
  void one(std::string_view value) {
    one(std::uint64_t{value.size()});
    into_.append(value);
  }
  void one(const std::string& value) { one(std::string_view(value)); }
  void one(const held_batch& value) { (*this)(value.batch, value.at); }
  template <class Element>
  void one(const std::vector<Element>& list) {
    one(std::uint64_t{list.size()});
    for (const Element& element : list) one(element);
  }

  void fixed(std::uint64_t value) {
    if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
    codec<std::uint64_t>::encode(value, into_);
  }

  std::string& into_;
};

/// Takes fields from the front of bytes that nobody has checked.
class field_reader {
 public:
  explicit field_reader(std::string_view from) noexcept
      : at_(from.data()), end_(from.data() + from.size()) {}

  template <class... Field>
  void operator()(Field&... fields) {
    (one(fields), ...);
  }

  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }
  [[nodiscard]] bool is_at_end() const noexcept { return at_ == end_; }

  void fail() noexcept {
    has_failed_ = true;
    at_ = end_;
  }
  void require(bool holds) noexcept {
    if (!holds) fail();
  }

  [[nodiscard]] std::uint64_t number() noexcept {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) [[likely]] {
      return static_cast<unsigned char>(*at_++);
    }
    return long_number();
  }
  [[nodiscard]] std::uint32_t small_number() noexcept {
    const std::uint64_t wide = number();
    if (wide > std::numeric_limits<std::uint32_t>::max()) {
      fail();
      return 0;
    }
    return static_cast<std::uint32_t>(wide);
  }
  [[nodiscard]] std::string_view bytes(std::uint64_t size) noexcept {
    if (size > left()) {
      fail();
      return {};
    }
    const std::string_view taken(at_, static_cast<std::size_t>(size));
    at_ += taken.size();
    return taken;
  }
  /// An item or a result.
  [[nodiscard]] std::string_view payload(std::uint64_t size) noexcept {
    require(size <= largest_payload);
    return bytes(has_failed_ ? 0 : size);
  }
  /// How many elements follow, each of a byte or more.
  [[nodiscard]] std::size_t length() noexcept {
    const std::uint64_t size = number();
    if (size > most_elements || size > left()) {
      fail();
      return 0;
    }
    return static_cast<std::size_t>(size);
  }

 private:
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  std::uint64_t long_number() noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < longest_number && at_ != end_; ++i) {
      const auto byte = static_cast<unsigned char>(*at_++);
      if (i + 1 == longest_number && byte > 1) break;  // more than 64 bits
      value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }

  void one(std::uint64_t& value) noexcept { value = number(); }
  void one(std::uint32_t& value) noexcept { value = small_number(); }
  void one(std::int64_t& value) noexcept { value = unfolded(number()); }
  void one(std::chrono::nanoseconds& value) noexcept {
    std::int64_t count = 0;
    one(count);
    require(count >= 0);
    value = std::chrono::nanoseconds(has_failed_ ? 0 : count);
  }
  void one(bool& value) noexcept {
    const std::uint64_t byte = fixed(1);
    require(byte <= 1);
    value = byte == 1;
  }
  template <class Enum>
    requires std::is_enum_v<Enum>
  void one(Enum& value) noexcept {
    const std::uint64_t byte = fixed(1);
    if (byte > static_cast<std::uint64_t>(last_enumerator<Enum>)) return fail();
    value = static_cast<Enum>(byte);
  }
  void one(double& value) noexcept {
    value = std::bit_cast<double>(fixed(sizeof(double)));
    require(std::isfinite(value) && value >= 0);  // a rate: people see it, and programs read it
  }
  void one(session_id& value) noexcept {
    value.high = fixed(sizeof value.high);
    value.low = fixed(sizeof value.low);
  }
  void one(std::string_view& value) noexcept { value = bytes(number()); }
  void one(std::string& value) { value = bytes(number()); }
  void one(held_batch& value) noexcept { (*this)(value.batch, value.at); }
  template <class Element>
  void one(std::vector<Element>& list) {
    list.resize(length());
    for (Element& element : list) one(element);
    if (has_failed_) list.clear();
  }

  std::uint64_t fixed(std::size_t size) noexcept {
    const std::string_view taken = bytes(size);
    std::uint64_t value = 0;
    for (std::size_t i = taken.size(); i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>(taken[i]);
    }
    return value;
  }

  const char* at_;
  const char* end_;
  bool has_failed_ = false;
};

}  // namespace parwork::nats::detail
