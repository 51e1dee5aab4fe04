// split: a range that needs no generator, because its elements can be read at any position by any
// worker.
//
// Thread safety: elements are read by several workers at once; the range is not changed while the
// run lasts.
#pragma once

#include <cstdint>
#include <ranges>
#include <type_traits>
#include <utility>

#include "parwork/refs.hpp"

namespace parwork {

/// What `split` needs: elements by position, in any order, and their number.
template <class Range>
concept splittable_range =
    std::ranges::random_access_range<Range> && std::ranges::sized_range<Range>;

/// A range whose slices workers claim on their own; made by `split`.
template <class Range>
class split_range {
 public:
  using item_type = detail::range_item_t<Range>;

  explicit split_range(Range&& range) : range_(std::forward<Range>(range)) {}

  [[nodiscard]] std::uint64_t size() {
    return static_cast<std::uint64_t>(std::ranges::size(range_));
  }
  [[nodiscard]] auto begin() { return std::ranges::begin(range_); }

  /// For the engine.
  static constexpr bool copies =
      std::is_lvalue_reference_v<std::ranges::range_reference_t<Range>> &&
      !std::is_lvalue_reference_v<item_type>;

 private:
  Range range_;  // a reference where the range was an lvalue, the range itself where it was not
};

/// Makes a generator of `range` that has no serial part: workers claim slices of it by one atomic
/// step each, in completion order without any lock. An lvalue is read in place, an rvalue is kept.
/// Items are copies of elements; with `split(refs(range))` they are the elements.
template <class Range>
[[nodiscard]] auto split(Range&& range) {
  static_assert(splittable_range<Range>, "parwork: split needs a random-access, sized range");
  return split_range<Range>(std::forward<Range>(range));
}

}  // namespace parwork
