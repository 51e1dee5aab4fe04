// What a work function takes and what its result is.
#pragma once

#include <concepts>
#include <cstddef>
#include <expected>
#include <functional>
#include <ranges>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/batch_completer.hpp"
#include "parwork/batched.hpp"
#include "parwork/completer.hpp"
#include "parwork/context.hpp"
#include "parwork/detail/signature.hpp"
#include "parwork/failure.hpp"
#include "parwork/keyed.hpp"
#include "parwork/per_worker.hpp"
#include "parwork/stages.hpp"

namespace parwork::detail {

// --- The second parameter of a callable that is not overloaded and not a template ---

template <class Signature>
struct second_of {};
template <class Returned, class First, class Second>
struct second_of<Returned(First, Second)> {
  using type = std::remove_cvref_t<Second>;
};
template <class T>
struct second_parameter {};
template <has_signature T>
struct second_parameter<T> : second_of<typename signature<T>::type> {};

// Whether the parameter at `Position` is spelled out as `Item&`: then the language refuses a const
// item and a temporary.
template <class Work, class Item, std::size_t Position>
inline constexpr bool takes_only_lvalue = false;
template <class Returned, class First, class... Rest, class Item>
inline constexpr bool takes_only_lvalue<Returned(First, Rest...), Item, 0> =
    std::is_same_v<First, Item&>;
template <class Returned, class First, class Second, class... Rest, class Item>
inline constexpr bool takes_only_lvalue<Returned(First, Second, Rest...), Item, 1> =
    std::is_same_v<Second, Item&>;
template <has_signature Work, class Item, std::size_t Position>
  requires(!std::is_function_v<Work>)
inline constexpr bool takes_only_lvalue<Work, Item, Position> =
    takes_only_lvalue<typename signature<Work>::type, Item, Position>;

template <class T>
struct completer_result {};
template <class R>
struct completer_result<completer<R>> {
  using type = R;
};

template <class R>
struct completer_result<batch_completer<R>> {
  using type = R;
};

template <class T>
inline constexpr bool is_completer = false;
template <class R>
inline constexpr bool is_completer<completer<R>> = true;
template <class T>
inline constexpr bool is_batch_completer = false;
template <class R>
inline constexpr bool is_batch_completer<batch_completer<R>> = true;

template <class Work>
concept names_completer = is_completer<typename second_parameter<std::remove_cvref_t<Work>>::type>;
// Work on spans that finishes them later.
template <class Work>
concept names_batch_completer =
    is_batch_completer<typename second_parameter<std::remove_cvref_t<Work>>::type>;

template <class Work>
using completer_of = typename second_parameter<std::remove_cvref_t<Work>>::type;

// --- Results: R, void or std::expected<R, E> become std::expected<R, failure> ---

template <class E>
concept failure_like = std::same_as<E, failure> || std::same_as<E, std::error_code> ||
                       std::same_as<E, std::exception_ptr> || std::convertible_to<E, std::string>;

template <class E>
failure to_failure(E&& error) {
  using plain = std::remove_cvref_t<E>;
  if constexpr (std::same_as<plain, failure>) {
    return std::forward<E>(error);
  } else if constexpr (std::same_as<plain, std::error_code> ||
                       std::same_as<plain, std::exception_ptr>) {
    return failure(std::forward<E>(error));
  } else {
    return failure(failure_kind::error, std::forward<E>(error));
  }
}

// Converts to what `call()` returns, which is then made where it is asked for. Moved there, some
// words that a call has just written stall the processor on each of them (5 ns for 48 bytes).
template <class R, class Call>
struct made_in_place {
  Call& call;

  operator R() && { return call(); }
};
// Not what has a constructor for whatever it is given.
struct no_result {};
template <class R, class Call>
concept may_be_made_in_place =
    std::is_trivially_copyable_v<R> && std::is_constructible_v<R, made_in_place<R, Call>> &&
    !std::is_constructible_v<R, made_in_place<no_result, Call>>;

template <class Returned>
struct result_of {
  using type = std::decay_t<Returned>;
  template <class Call>
  static std::expected<type, failure> get(Call&& call) {
    using call_type = std::remove_reference_t<Call>;
    if constexpr (may_be_made_in_place<type, call_type>) {
      return std::expected<type, failure>(std::in_place, made_in_place<type, call_type>{call});
    } else {
      return std::expected<type, failure>(std::in_place, std::forward<Call>(call)());
    }
  }
};
template <class Returned>
  requires std::is_void_v<Returned>
struct result_of<Returned> {
  using type = void;
  template <class Call>
  static std::expected<void, failure> get(Call&& call) {
    std::forward<Call>(call)();
    return {};
  }
};
template <class R, class E>
struct result_of<std::expected<R, E>> {
  static_assert(failure_like<E>,
                "parwork: the error type of work's std::expected must be failure, std::error_code, "
                "std::exception_ptr or convertible to std::string");
  using type = std::decay_t<R>;
  template <class Call>
  static std::expected<type, failure> get(Call&& call) {
    if constexpr (std::same_as<std::expected<R, E>, std::expected<type, failure>>) {
      return std::forward<Call>(call)();
    } else {
      return convert(std::forward<Call>(call)());
    }
  }
  static std::expected<type, failure> convert(std::expected<R, E>&& returned) {
    if constexpr (std::same_as<E, failure>) {
      return std::move(returned);
    } else if (returned.has_value()) {
      if constexpr (std::is_void_v<R>) {
        return {};
      } else {
        return std::expected<type, failure>(std::in_place, *std::move(returned));
      }
    } else {
      return std::expected<type, failure>(std::unexpect, to_failure(std::move(returned).error()));
    }
  }
};
template <class Returned>
using result_of_t = typename result_of<std::remove_cvref_t<Returned>>::type;

// --- Forms of work ---

enum class work_form { item, item_context, completer, span, none };

// How an item is passed: as an lvalue, or only as an rvalue (taken by value, and it cannot be
// copied).
enum class passing { lvalue, rvalue_only };

// The arguments before or behind the item.
template <class... Type>
struct arguments {};

// Forms are tried one after the other, so that a generic lambda is not instantiated with a form it
// was not meant for.
template <class Work, class Before, class Item, class... After>
inline constexpr bool callable_with = false;
template <class Work, class... Before, class Item, class... After>
inline constexpr bool callable_with<Work, arguments<Before...>, Item, After...> =
    std::disjunction_v<std::is_invocable<Work&, Before..., Item&, After...>,
                       std::is_invocable<Work&, Before..., Item, After...>>;

template <class Work, class Item, class Before = arguments<>>
consteval work_form form_of() {
  if constexpr (callable_with<Work, Before, Item>) {
    return work_form::item;
  } else if constexpr (callable_with<Work, Before, Item, context&>) {
    return work_form::item_context;
  } else if constexpr (std::same_as<Before, arguments<>> && names_completer<Work>) {
    return callable_with<Work, Before, Item, completer_of<Work>> ? work_form::completer
                                                                 : work_form::none;
  } else {
    return work_form::none;
  }
}

// Calls work with one item. `Before` and `After` are the arguments around the item.
template <class Work, class Item, class Before, class After>
struct item_call;
template <class Work, class Item, class... Before, class... After>
struct item_call<Work, Item, arguments<Before...>, arguments<After...>> {
  static constexpr bool takes_lvalue = std::is_invocable_v<Work&, Before..., Item&, After...>;
  static constexpr passing how = takes_lvalue ? passing::lvalue : passing::rvalue_only;

  static consteval auto returned_type() {
    if constexpr (takes_lvalue) {
      return std::type_identity<std::invoke_result_t<Work&, Before..., Item&, After...>>{};
    } else {
      return std::type_identity<std::invoke_result_t<Work&, Before..., Item, After...>>{};
    }
  }
  using returned = typename decltype(returned_type())::type;

  // Moving in is of use, and means the same.
  static consteval bool may_move() {
    if constexpr (!takes_lvalue) {
      return true;
    } else if constexpr (std::is_reference_v<Item> || std::is_trivially_copyable_v<Item> ||
                         !std::is_invocable_v<Work&, Before..., Item, After...>) {
      return false;
    } else {
      return std::same_as<std::invoke_result_t<Work&, Before..., Item, After...>, returned>;
    }
  }
};

// A result that is made from an item by looking at it: it points there.
template <class R, class Item>
inline constexpr bool looks_into = false;
template <std::ranges::view R, std::ranges::range Item>
  requires(std::ranges::borrowed_range<R> && !std::ranges::borrowed_range<Item>)
inline constexpr bool looks_into<R, Item> = std::is_constructible_v<R, const Item&>;

template <class T>
struct is_vector : std::false_type {};
template <class T, class Allocator>
struct is_vector<std::vector<T, Allocator>> : std::true_type {};

}  // namespace parwork::detail
