// What a collector takes.
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include "parwork/completion.hpp"
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

template <class Collector, class Item, class R>
consteval collector_form collector_form_of() {
  if constexpr (is_reduction<std::remove_cv_t<Collector>>) {
    return collector_form::reduction;
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
