// What an item is known by in a journal: bytes made of its key.
//
// Thread safety: one call at a time for each key function.
#pragma once

#include <any>
#include <charconv>
#include <concepts>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace parwork::detail {

/// What can be a key: strings and paths by their bytes, integers in decimal, so that they are
/// readable in the file.
template <class T>
concept key_value = std::convertible_to<const T&, std::string_view> ||
                    std::same_as<T, std::filesystem::path> || std::integral<T>;

template <key_value K>
void append_key(const K& key, std::string& into) {
  if constexpr (std::same_as<K, std::filesystem::path>) {
    into += key.native();
  } else if constexpr (std::integral<K> && (std::same_as<K, bool> || sizeof(K) == 1)) {
    append_key(static_cast<int>(key), into);
  } else if constexpr (std::integral<K>) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, key).ptr;
    into.append(digits, end);
  } else {
    into += std::string_view(key);
  }
}

/// Items are their own keys.
struct own_key {};

// Throws std::invalid_argument.
[[noreturn]] void refuse_key(const std::type_info& takes, const std::type_info& items);

/// A key function whose type is not known: for one item type, which is that of its parameter.
class any_key {
 public:
  template <class Function>
    requires(!std::same_as<std::remove_cvref_t<Function>, any_key> &&
             requires { &std::remove_cvref_t<Function>::operator(); })
  any_key(Function&& function)  // implicit: so that a journal's braces may hold it
      : any_key(std::forward<Function>(function), &std::remove_cvref_t<Function>::operator()) {}

  /// Throws `std::invalid_argument` where the function takes another type.
  template <class Item>
  void append(const Item& item, std::string& into) const {
    const auto* const typed = std::any_cast<function_for<Item>>(&function_);
    if (typed == nullptr) {
      refuse_key(*takes_, typeid(Item));
    }
    (*typed)(item, into);
  }

 private:
  template <class Item>
  using function_for = std::function<void(const Item&, std::string&)>;

  template <class Function, class R, class Class, class Parameter>
  any_key(Function&& function, R (Class::*)(Parameter) const)
      : any_key(std::in_place_type<std::remove_cvref_t<Parameter>>,
                std::forward<Function>(function)) {}
  template <class Function, class R, class Class, class Parameter>
  any_key(Function&& function, R (Class::*)(Parameter))
      : any_key(std::in_place_type<std::remove_cvref_t<Parameter>>,
                std::forward<Function>(function)) {}

  template <class Item, class Function>
  any_key(std::in_place_type_t<Item>, Function&& function)
      : takes_(&typeid(Item)),
        function_(function_for<Item>(
            [key = std::forward<Function>(function)](const Item& item, std::string& into) mutable {
              append_key(std::invoke(key, item), into);
            })) {}

  const std::type_info* takes_;
  std::any function_;
};

// A class template, so that what does not fit is not asked further.
template <class Key, class Item>
inline constexpr bool gives_key = requires(Key& key, const Item& item) {
  { std::invoke(key, item) };
  requires key_value<std::remove_cvref_t<std::invoke_result_t<Key&, const Item&>>>;
};
template <class Item>
inline constexpr bool gives_key<own_key, Item> = key_value<Item>;
template <class Item>
inline constexpr bool gives_key<any_key, Item> = true;

template <class Key, class Item>
void key_of(Key& key, const Item& item, std::string& into) {
  using plain = std::remove_const_t<Key>;
  if constexpr (std::same_as<plain, own_key>) {
    append_key(item, into);
  } else if constexpr (std::same_as<plain, any_key>) {
    key.append(item, into);
  } else {
    append_key(std::remove_cvref_t<std::invoke_result_t<Key&, const Item&>>(std::invoke(key, item)),
               into);
  }
}

}  // namespace parwork::detail
