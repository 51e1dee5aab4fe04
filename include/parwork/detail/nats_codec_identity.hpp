// What says whether two programs turn a type into the same bytes: a short text, compared as it is.
//
// It begins with the machine's byte order. Behind it: what a codec says of itself, by a member
// `static constexpr std::string_view id`; else what the built-in codecs are made of, part by part;
// else the size, alignment and name of what is stored as its memory; else the type's name.
//
// Thread safety: functions without state.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "parwork/codec.hpp"

namespace parwork::nats::detail {

// "memory(8,4,point)"; "type(list)" of what is not stored as its memory.
void append_memory(std::size_t size, std::size_t alignment, const std::type_info& type,
                   std::string& into);
void append_type(const std::type_info& type, std::string& into);

template <class T>
concept names_its_codec = requires {
  { codec<T>::id } -> std::convertible_to<std::string_view>;
};

// An arithmetic type by kind and size: `long` and `long long` are one where they look alike.
template <class T>
void append_number(std::string& into) {
  if constexpr (std::same_as<T, bool>) {
    into += "bool";
  } else {
    into += std::floating_point<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
    into += std::to_string(sizeof(T));
  }
}

template <class T>
struct codec_structure {
  static void append(std::string& into) {
    if constexpr (std::is_void_v<T>) {
      into += "void";
    } else if constexpr (names_its_codec<T>) {
      into += "id(";
      into += std::string_view(codec<T>::id);
      into += ')';
    } else if constexpr (std::is_arithmetic_v<T>) {
      append_number<T>(into);
    } else if constexpr (std::is_trivially_copyable_v<T>) {
      append_memory(sizeof(T), alignof(T), typeid(T), into);
    } else {
      append_type(typeid(T), into);
    }
  }
};

// The parts between brackets, with commas.
template <class... Part>
void append_parts(std::string_view name, std::string& into) {
  into += name;
  char before = '<';
  ((into += std::exchange(before, ','), codec_structure<Part>::append(into)), ...);
  into += '>';
}

template <class Char, class Traits, class Allocator>
  requires(!names_its_codec<std::basic_string<Char, Traits, Allocator>>)
struct codec_structure<std::basic_string<Char, Traits, Allocator>> {
  static void append(std::string& into) {
    if constexpr (std::same_as<Char, char>) {
      into += "string";
    } else {
      append_parts<Char>("string", into);
    }
  }
};
template <>
struct codec_structure<std::filesystem::path> {
  static void append(std::string& into) { into += "path"; }
};
template <class T, class Allocator>
  requires(!names_its_codec<std::vector<T, Allocator>>)
struct codec_structure<std::vector<T, Allocator>> {
  static void append(std::string& into) { append_parts<T>("vector", into); }
};
template <class First, class Second>
  requires(!names_its_codec<std::pair<First, Second>>)
struct codec_structure<std::pair<First, Second>> {
  static void append(std::string& into) { append_parts<First, Second>("pair", into); }
};
template <class... Part>
  requires(sizeof...(Part) > 0 && !names_its_codec<std::tuple<Part...>>)
struct codec_structure<std::tuple<Part...>> {
  static void append(std::string& into) { append_parts<Part...>("tuple", into); }
};
template <class T>
  requires(!names_its_codec<std::optional<T>>)
struct codec_structure<std::optional<T>> {
  static void append(std::string& into) { append_parts<T>("optional", into); }
};

/// "little vector<pair<string,i8>>". Of void: as of a result that has no bytes.
template <class T>
[[nodiscard]] std::string codec_identity() {
  static_assert(
      std::endian::native == std::endian::little || std::endian::native == std::endian::big,
      "parwork::nats: this machine's byte order is neither of the two usual ones");
  std::string identity = std::endian::native == std::endian::little ? "little " : "big ";
  codec_structure<std::remove_cv_t<T>>::append(identity);
  return identity;
}

}  // namespace parwork::nats::detail
