// What process accepts as generator, and what one item of it is.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

#include "parwork/detail/signature.hpp"
#include "parwork/detail/weighed_generator.hpp"
#include "parwork/refs.hpp"
#include "parwork/split.hpp"

namespace parwork {

namespace detail {

// The item of what a generator call returned: an optional's value, a pointer-like itself.
template <class Returned>
struct yielded {};
template <class Item>
struct yielded<std::optional<Item>> {
  using type = Item;
};
template <class X, class Deleter>
struct yielded<std::unique_ptr<X, Deleter>> {
  using type = std::unique_ptr<X, Deleter>;
};
template <class X>
struct yielded<std::shared_ptr<X>> {
  using type = std::shared_ptr<X>;
};
template <class X>
struct yielded<X*> {
  using type = X*;
};
template <class X>
struct yielded<optional_ref<X>> {
  using type = X&;
};

// The item of a callable that fills it: read from its parameter.
template <class Signature>
struct filled_by {};
template <class Item>
  requires(!std::is_const_v<Item>)
struct filled_by<bool(Item&)> {
  using type = Item;
};
template <class G>
struct filled_item {};
template <has_signature G>
struct filled_item<G> : filled_by<typename signature<G>::type> {};
template <class G>
struct filled_item<std::reference_wrapper<G>> : filled_item<std::remove_cv_t<G>> {};

template <class G>
concept names_filled_item = requires { typename filled_item<std::remove_cvref_t<G>>::type; };

template <class T>
inline constexpr bool is_split_range = false;
template <class Range>
inline constexpr bool is_split_range<split_range<Range>> = true;

}  // namespace detail

/// Empty or holding one item: `std::optional`, `std::unique_ptr`, `std::shared_ptr` or a pointer.
template <class T>
concept optional_like = requires { typename detail::yielded<std::remove_cvref_t<T>>::type; };

static_assert(optional_like<std::optional<int>> && optional_like<int*> && !optional_like<int>);

/// A generator that is called for each item.
template <class G>
concept callable_generator = std::invocable<std::remove_reference_t<G>&> &&
                             optional_like<std::invoke_result_t<std::remove_reference_t<G>&>>;

static_assert(callable_generator<std::optional<int> (&)()> && !callable_generator<int (&)()>);

/// A generator that fills the item it is given, as `bool(Item&)` with `Item` spelled out; false: it
/// is over.
template <class G>
concept filling_generator =
    !callable_generator<G> && detail::names_filled_item<G> &&
    std::default_initializable<typename detail::filled_item<std::remove_cvref_t<G>>::type> &&
    std::invocable<std::remove_reference_t<G>&,
                   typename detail::filled_item<std::remove_cvref_t<G>>::type&>;

static_assert(filling_generator<bool (&)(int&)> && !filling_generator<bool (&)(const int&)>);

/// A generator that is iterated.
template <class G>
concept range_generator = std::ranges::input_range<std::remove_reference_t<G>&>;

static_assert(range_generator<int (&)[3]> && !range_generator<std::optional<int> (&)()>);

/// A generator whose elements workers claim on their own.
template <class G>
concept split_generator = detail::is_split_range<std::remove_cvref_t<G>>;

namespace detail {

template <class G>
concept plain_generator =
    split_generator<G> || callable_generator<G> || filling_generator<G> || range_generator<G>;

}  // namespace detail

/// Everything that `process` accepts as its first argument.
template <class G>
concept generator = detail::plain_generator<G> || (detail::is_weighed<std::remove_reference_t<G>> &&
                                                   detail::plain_generator<detail::unweighed_t<G>>);

namespace detail {

template <class G>
struct item_of;
template <split_generator G>
struct item_of<G> {
  using type = typename std::remove_cvref_t<G>::item_type;
};
template <class G>
  requires(!split_generator<G> && callable_generator<G>)
struct item_of<G> {
  using returned = std::invoke_result_t<std::remove_reference_t<G>&>;
  using type = typename yielded<std::remove_cvref_t<returned>>::type;
};
template <class G>
  requires(!split_generator<G> && filling_generator<G>)
struct item_of<G> {
  using type = typename filled_item<std::remove_cvref_t<G>>::type;
};
template <class G>
  requires(!split_generator<G> && !callable_generator<G> && !filling_generator<G> &&
           range_generator<G>)
struct item_of<G> {
  using type = range_item_t<G>;
};

template <class G>
  requires is_weighed<std::remove_reference_t<G>>
struct item_of<G> : item_of<unweighed_t<G>> {};

}  // namespace detail

/// The item that a generator yields: a reference where it is `refs(range)`.
template <generator G>
using generator_item_t = typename detail::item_of<G>::type;

}  // namespace parwork
