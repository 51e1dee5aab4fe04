// What a generator yields that may know an item's outcome before the run does.
//
// Thread safety: a value.
#pragma once

#include <expected>
#include <optional>
#include <type_traits>

#include "parwork/failure.hpp"

namespace parwork {

/// An item that may be finished already: recorded by an earlier run, found in a cache, or failed by
/// a check. A generator of `std::optional<prefinished<Item, Result>>` is a generator of `Item`s:
/// work takes `Item` and returns `Result`, and is called only for items without an outcome; the
/// others go straight to the collector, in their place in the order. Neither `options::retry` nor
/// `options::timeout` applies to those, and the summary counts them as what they are.
///
/// Work in such a run cannot `spawn` (`std::logic_error`): what a finished item would have spawned
/// is not known. Where the run is stopped before an item's turn it arrives as cancelled, finished
/// or not.
template <class Item, class Result>
struct prefinished {
  using item_type = Item;
  using result_type = Result;

  Item item;
  std::optional<std::expected<Result, failure>> outcome = {};  ///< empty: to be worked on
  unsigned attempts = 0;  ///< the completion's `attempts` where there is an outcome
};

namespace detail {

template <class T>
inline constexpr bool is_prefinished = false;
template <class Item, class Result>
inline constexpr bool is_prefinished<prefinished<Item, Result>> = true;

// What work sees of what a generator yields.
template <class Yielded>
struct plain_item {
  using type = Yielded;
};
template <class Item, class Result>
struct plain_item<prefinished<Item, Result>> {
  using type = Item;
};
template <class Yielded>
using plain_item_t = typename plain_item<Yielded>::type;

// Whether a generator of `Yielded` goes with work that returns `Result`.
template <class Yielded, class Result>
inline constexpr bool yields_results_as = true;
template <class Item, class Yields, class Result>
inline constexpr bool yields_results_as<prefinished<Item, Yields>, Result> =
    std::is_same_v<Yields, Result>;

}  // namespace detail

}  // namespace parwork
