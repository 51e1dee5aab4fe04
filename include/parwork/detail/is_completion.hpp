// Tells completions from results, for collectors that may see either.
#pragma once

#include <type_traits>

#include "parwork/completion.hpp"

namespace parwork::detail {

template <class T>
inline constexpr bool is_plain_completion = false;
template <class Item, class Result>
inline constexpr bool is_plain_completion<completion<Item, Result>> = true;

template <class T>
inline constexpr bool is_completion = is_plain_completion<std::remove_cvref_t<T>>;

}  // namespace parwork::detail
