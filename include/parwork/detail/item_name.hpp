// How an item is called where it has to be named and nobody said how.
//
// Thread safety: reads the item.
#pragma once

#include <concepts>
#include <filesystem>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

namespace parwork::detail {

template <class T>
concept streamable = requires(std::ostream& out, const T& value) { out << value; };

template <class T>
inline constexpr bool points = std::is_pointer_v<T>;
template <class T, class Deleter>
inline constexpr bool points<std::unique_ptr<T, Deleter>> = true;
template <class T>
inline constexpr bool points<std::shared_ptr<T>> = true;

// Text, paths, numbers, and what operator<< writes; of a pointer what it points to. Empty: it has
// no name.
template <class Item>
std::string item_name(const Item& item) {
  if constexpr (std::is_convertible_v<const Item&, std::string_view>) {
    return std::string(std::string_view(item));
  } else if constexpr (std::same_as<Item, std::filesystem::path>) {
    return item.native();
  } else if constexpr (std::integral<Item>) {
    return std::to_string(item);
  } else if constexpr (points<Item>) {
    using pointee = std::remove_cvref_t<decltype(*item)>;
    if constexpr (!std::is_void_v<std::remove_pointer_t<Item>> && !std::is_function_v<pointee>) {
      return item == nullptr ? std::string() : item_name(*item);
    } else {
      return {};
    }
  } else if constexpr (streamable<Item>) {
    std::ostringstream text;
    text << item;
    return std::move(text).str();
  } else {
    return {};
  }
}

// Of an item whose type is not known any more.
template <class Item>
std::string item_name_at(const void* item) {
  return item_name(*static_cast<const Item*>(item));
}

}  // namespace parwork::detail
