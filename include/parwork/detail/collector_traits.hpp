// What a collector takes.
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include "parwork/completion.hpp"
#include "parwork/detail/signature.hpp"
#include "parwork/reduce.hpp"

namespace parwork::detail {

enum class collector_form {
  completion,
  completion_lvalue,
  completion_without_item,
  result,
  nothing,
  reduction,
  none
};

template <class T>
inline constexpr bool is_reduction = false;
template <class Accumulator, class Fold, class Merge>
inline constexpr bool is_reduction<reduction<Accumulator, Fold, Merge>> = true;

// The only parameter of a callable that is not overloaded and not a template.
template <class Signature>
struct only_of {};
template <class Returned, class Parameter>
struct only_of<Returned(Parameter)> {
  using type = std::remove_cvref_t<Parameter>;
};
template <class T>
struct only_parameter {};
template <has_signature T>
struct only_parameter<T> : only_of<typename signature<T>::type> {};

// Whether a collector's parameter is spelled out and is made from whatever there is (std::any): it
// is meant for results, and completions fit by accident.
struct whatever {};
template <class Collector>
inline constexpr bool takes_whatever = false;
template <class Collector>
  requires requires { typename only_parameter<std::remove_cv_t<Collector>>::type; }
inline constexpr bool takes_whatever<Collector> =
    std::is_constructible_v<typename only_parameter<std::remove_cv_t<Collector>>::type, whatever>;

template <class Collector, class Item, class R>
consteval collector_form collector_form_of() {
  if constexpr (is_reduction<std::remove_cv_t<Collector>>) {
    return collector_form::reduction;
  } else if constexpr (takes_whatever<Collector>) {
    if constexpr (std::is_void_v<R>) {
      return collector_form::none;
    } else {
      return std::is_invocable_v<Collector&, R> ? collector_form::result : collector_form::none;
    }
  } else if constexpr (std::is_invocable_v<Collector&, completion<Item, R>>) {
    return collector_form::completion;
  } else if constexpr (std::is_invocable_v<Collector&, completion<Item, R>&>) {
    return collector_form::completion_lvalue;
  } else if constexpr (std::is_invocable_v<Collector&, completion<void, R>>) {
    return collector_form::completion_without_item;
  } else if constexpr (std::is_void_v<R>) {
    return std::is_invocable_v<Collector&> ? collector_form::nothing : collector_form::none;
  } else {
    return std::is_invocable_v<Collector&, R> ? collector_form::result : collector_form::none;
  }
}

template <class Reduction, class R>
consteval bool folds_result() {
  if constexpr (std::is_void_v<R>) {
    return Reduction::template folds<>;
  } else {
    return Reduction::template folds<R>;
  }
}

}  // namespace parwork::detail
