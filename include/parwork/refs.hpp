// refs: a range whose elements are worked on where they are.
//
// Thread safety: the range is iterated by one thread at a time, its elements belong to the workers
// that work on them. With `split` it is read by several at once, as `split` says.
#pragma once

#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace parwork {

namespace detail {

// An item that is a reference, or nothing: what std::optional is for values.
template <class T>
class optional_ref {
 public:
  optional_ref() noexcept = default;
  optional_ref(std::nullopt_t) noexcept {}
  optional_ref(std::in_place_t, T& element) noexcept : element_(std::addressof(element)) {}

  [[nodiscard]] bool has_value() const noexcept { return element_ != nullptr; }
  explicit operator bool() const noexcept { return has_value(); }
  // REQUIRES: it has a value.
  [[nodiscard]] T& operator*() const noexcept { return *element_; }
  void reset() noexcept { element_ = nullptr; }

 private:
  T* element_ = nullptr;
};

template <class Item>
struct maybe_of {
  using type = std::optional<Item>;
};
template <class T>
struct maybe_of<T&> {
  using type = optional_ref<T>;
};
// An item or nothing. Made from std::in_place and what makes the item.
template <class Item>
using maybe = typename maybe_of<Item>::type;

}  // namespace detail

/// A range whose items are references to its elements; made by `refs`.
template <class Range>
class refs_range {
  using range_type = std::remove_reference_t<Range>;

 public:
  using item_type = std::ranges::range_reference_t<range_type>;

  explicit refs_range(Range&& range) : range_(std::forward<Range>(range)) {}

  [[nodiscard]] auto begin() { return std::ranges::begin(range_); }
  [[nodiscard]] auto end() { return std::ranges::end(range_); }
  [[nodiscard]] auto size()
    requires std::ranges::sized_range<range_type>
  {
    return std::ranges::size(range_);
  }

  [[nodiscard]] auto begin() const
    requires std::is_lvalue_reference_v<Range>
  {
    return std::ranges::begin(range_);
  }
  [[nodiscard]] auto end() const
    requires std::is_lvalue_reference_v<Range>
  {
    return std::ranges::end(range_);
  }
  [[nodiscard]] auto size() const
    requires(std::is_lvalue_reference_v<Range> && std::ranges::sized_range<range_type>)
  {
    return std::ranges::size(range_);
  }

 private:
  Range range_;  // a reference where the range was an lvalue
};

namespace detail {

template <class T>
inline constexpr bool is_refs_range = false;
template <class Range>
inline constexpr bool is_refs_range<refs_range<Range>> = true;

// The item that a range's elements are: a value, or with refs a reference.
template <class Range>
struct range_item {
  using type = std::ranges::range_value_t<Range>;
};
template <class Range>
  requires is_refs_range<std::remove_cvref_t<Range>>
struct range_item<Range> {
  using type = typename std::remove_cvref_t<Range>::item_type;
};
template <class Range>
using range_item_t = typename range_item<std::remove_reference_t<Range>>::type;

// Whether elements are moved out: only of a range that was passed as an rvalue and owns them.
template <class Range>
inline constexpr bool gives_elements_away =
    !std::is_lvalue_reference_v<Range> && !std::ranges::view<std::remove_reference_t<Range>> &&
    !std::ranges::borrowed_range<std::remove_reference_t<Range>> &&
    !is_refs_range<std::remove_cvref_t<Range>>;

// Whether items are copies of elements that stay where they are.
template <class Range>
inline constexpr bool copies_elements =
    std::is_lvalue_reference_v<std::ranges::range_reference_t<std::remove_reference_t<Range>&>> &&
    !gives_elements_away<Range> && !is_refs_range<std::remove_cvref_t<Range>>;

template <class Range>
consteval bool refers_to_what_outlives_it() {
  constexpr bool ok =
      std::is_lvalue_reference_v<Range> || std::ranges::view<std::remove_cvref_t<Range>>;
  static_assert(ok,
                "parwork: refs needs elements that outlive the run, and this range is a temporary: "
                "give it a name, refs(range)");
  return ok;
}

template <class Range>
consteval bool can_be_referred_to() {
  if constexpr (!std::ranges::forward_range<std::remove_reference_t<Range>&>) {
    static_assert(std::ranges::forward_range<std::remove_reference_t<Range>&>,
                  "parwork: refs needs a forward range: the elements of an input range are gone "
                  "when the next one is read");
    return false;
  } else {
    constexpr bool ok =
        std::is_lvalue_reference_v<std::ranges::range_reference_t<std::remove_reference_t<Range>&>>;
    static_assert(ok,
                  "parwork: refs needs a range of lvalues, and the elements of this one are made "
                  "when they are read (std::vector<bool>, a transformation): there is nothing to "
                  "refer to");
    return ok;
  }
}

}  // namespace detail

/// The elements of `range` as items, in place: an item is a reference to the element itself.
/// Nothing is copied or moved, nor need it be possible. Work takes `T&` or `const T&`, a collector
/// `completion<T&, Result>`, whose `item` is the element; a further attempt sees the element as the
/// last one left it. `range` is an lvalue, which must outlive the run, or a view; a forward range
/// whose elements are lvalues. `split(refs(range))` is read by all workers at once.
///
/// An element belongs to its item until that has been collected: nobody else may use it before, and
/// nobody may change the range. Elements that share a cache line slow each other down where work
/// writes to them. Work adds further elements, of any place, by
/// `context::spawn(std::ref(element))`. Not for `chunks` and `batched`, which need items side by
/// side.
///
/// Cost: a pointer an item.
template <class Range>
[[nodiscard]] auto refs(Range&& range) {
  if constexpr (detail::refers_to_what_outlives_it<Range>() &&
                detail::can_be_referred_to<Range>()) {
    return refs_range<Range>(std::forward<Range>(range));
  }
}

}  // namespace parwork
