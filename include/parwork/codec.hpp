// codec: how values become bytes and come back, for journals and for other machines.
//
// Thread safety: codecs have no state; a journal encodes on several threads at once.
//
// Invariants of every codec:
// 1. decode takes from the front of the bytes what encode appended, no more and no less: so codecs
//    of parts make codecs of wholes.
// 2. decode never reads beyond the bytes it is given; bytes that encode did not write are a
//    codec_error or another value, never undefined behaviour.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace parwork {

/// Bytes that are not the encoding of a value of the type asked for.
class codec_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Turns values of `T` into bytes and back. Specialise it for a type of your own:
///
///     template <>
///     struct parwork::codec<point> {
///       static void encode(const point& p, std::string& into) {
///         codec<std::pair<int, int>>::encode({p.x, p.y}, into);
///       }
///       static point decode(std::string_view& from) {
///         const auto [x, y] = codec<std::pair<int, int>>::decode(from);
///         return {x, y};
///       }
///     };
///
/// `encode` appends; `decode` takes its bytes off the front and throws `codec_error` where they are
/// too few or wrong. Built in: trivially copyable types (their memory as it is, so for machines of
/// one kind), strings, paths, vectors, pairs, tuples and optionals of such.
template <class T>
struct codec;

/// What has a codec.
template <class T>
concept encodable = requires(const T& value, std::string& into, std::string_view& from) {
  codec<T>::encode(value, into);
  { codec<T>::decode(from) } -> std::convertible_to<T>;
};

namespace detail {

// Takes `size` bytes off the front.
inline std::string_view take_bytes(std::string_view& from, std::uint64_t size) {
  if (size > from.size()) {
    throw codec_error("parwork: " + std::to_string(size) + " bytes were expected and " +
                      std::to_string(from.size()) + " are there");
  }
  const std::string_view taken = from.substr(0, static_cast<std::size_t>(size));
  from.remove_prefix(taken.size());
  return taken;
}

// A length: seven bits a byte, the lowest first, the top bit says that more follow (LEB128).
inline void encode_length(std::uint64_t length, std::string& into) {
  for (; length >= 0x80; length >>= 7) into.push_back(static_cast<char>(length | 0x80));
  into.push_back(static_cast<char>(length));
}
inline std::uint64_t decode_length(std::string_view& from) {
  std::uint64_t length = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take_bytes(from, 1).front());
    length |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return length;
  }
  throw codec_error("parwork: a length of more than 64 bits");
}

// Memory that means nothing elsewhere: it points to what is not stored.
template <class T>
inline constexpr bool refers_elsewhere =
    std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::ranges::view<T>;

}  // namespace detail

template <class T>
  requires(std::is_trivially_copyable_v<T> && !detail::refers_elsewhere<T> && !std::is_empty_v<T>)
struct codec<T> {
  static void encode(const T& value, std::string& into) {
    into.append(reinterpret_cast<const char*>(std::addressof(value)), sizeof(T));
  }
  static T decode(std::string_view& from) {
    std::array<std::byte, sizeof(T)> memory;
    const std::string_view bytes = detail::take_bytes(from, sizeof(T));
    std::memcpy(memory.data(), bytes.data(), bytes.size());
    if constexpr (std::same_as<T, bool>) {
      return memory[0] != std::byte{0};  // a bool of any other bits would be none
    } else {
      return std::bit_cast<T>(memory);
    }
  }
};

/// Nothing to store.
template <class T>
  requires(std::is_trivially_copyable_v<T> && std::is_empty_v<T> &&
           std::is_default_constructible_v<T>)
struct codec<T> {
  static void encode(const T&, std::string&) {}
  static T decode(std::string_view&) { return T{}; }
};

/// The length, seven bits a byte, the lowest first; then the characters.
template <class Char, class Traits, class Allocator>
struct codec<std::basic_string<Char, Traits, Allocator>> {
  using text = std::basic_string<Char, Traits, Allocator>;

  static void encode(const text& value, std::string& into) {
    detail::encode_length(value.size(), into);
    into.append(reinterpret_cast<const char*>(value.data()), value.size() * sizeof(Char));
  }
  static text decode(std::string_view& from) {
    const std::uint64_t size = detail::decode_length(from);
    if (size > from.size() / sizeof(Char)) throw codec_error("parwork: a string is cut short");
    const auto bytes = detail::take_bytes(from, size * sizeof(Char));
    text value(static_cast<std::size_t>(size), Char());
    if (size > 0) std::memcpy(value.data(), bytes.data(), bytes.size());
    return value;
  }
};

/// As its native string.
template <>
struct codec<std::filesystem::path> {
  static void encode(const std::filesystem::path& value, std::string& into) {
    codec<std::filesystem::path::string_type>::encode(value.native(), into);
  }
  static std::filesystem::path decode(std::string_view& from) {
    return codec<std::filesystem::path::string_type>::decode(from);
  }
};

/// The length, as of a string; then the elements.
template <encodable T, class Allocator>
struct codec<std::vector<T, Allocator>> {
  static void encode(const std::vector<T, Allocator>& value, std::string& into) {
    detail::encode_length(value.size(), into);
    for (const T& element : value) codec<T>::encode(element, into);
  }
  static std::vector<T, Allocator> decode(std::string_view& from) {
    const std::uint64_t size = detail::decode_length(from);
    std::vector<T, Allocator> value;
    // No more than the bytes can hold, whatever the length says.
    value.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(size, from.size())));
    for (std::uint64_t i = 0; i < size; ++i) {
      if constexpr (!std::is_empty_v<T>) {
        if (from.empty()) throw codec_error("parwork: a vector is cut short");
      }
      value.push_back(codec<T>::decode(from));
    }
    return value;
  }
};

/// The first, then the second.
template <encodable First, encodable Second>
struct codec<std::pair<First, Second>> {
  static void encode(const std::pair<First, Second>& value, std::string& into) {
    codec<First>::encode(value.first, into);
    codec<Second>::encode(value.second, into);
  }
  static std::pair<First, Second> decode(std::string_view& from) {
    auto first = codec<First>::decode(from);
    return {std::move(first), codec<Second>::decode(from)};
  }
};

/// The parts from first to last.
template <encodable... Part>
  requires(sizeof...(Part) > 0)
struct codec<std::tuple<Part...>> {
  static void encode(const std::tuple<Part...>& value, std::string& into) {
    std::apply([&](const Part&... part) { (codec<Part>::encode(part, into), ...); }, value);
  }
  static std::tuple<Part...> decode(std::string_view& from) {
    return std::tuple<Part...>{codec<Part>::decode(from)...};  // braces: from left to right
  }
};

/// A byte, 0 or 1; then the value where there is one.
template <encodable T>
struct codec<std::optional<T>> {
  static void encode(const std::optional<T>& value, std::string& into) {
    into.push_back(value ? '\1' : '\0');
    if (value) codec<T>::encode(*value, into);
  }
  static std::optional<T> decode(std::string_view& from) {
    switch (detail::take_bytes(from, 1).front()) {
      case '\0':
        return std::nullopt;
      case '\1':
        return std::optional<T>(std::in_place, codec<T>::decode(from));
      default:
        throw codec_error("parwork: an optional is neither empty nor full");
    }
  }
};

}  // namespace parwork
