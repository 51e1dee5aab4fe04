// Turns any input range into a callable generator.
//
// Thread safety: none; one call at a time, each happening before the next.
//
// Invariants:
// 1. begin() and end() are called once, by the first call: a coroutine does not run before.
// 2. The iterator is advanced at the start of a call, never at its end: a lazy range is not asked
//    for element n + 1 when element n is delivered.
// 3. Elements are moved out only of a range that was passed as an rvalue and owns them. Views and
//    borrowed ranges are never trusted to: `vector | take(3)` leaves the vector alone.
//    Of refs(range) an item is the element itself.
// 4. It may be moved at any time, also between two calls.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

#include "parwork/refs.hpp"

namespace parwork::detail {

/// `Range` is deduced as for a forwarding reference: `T&` keeps a reference to the range, which
/// must outlive this object; `T` owns it, on the heap, so that iterators survive a move.
template <class Range>
  requires std::ranges::input_range<std::remove_reference_t<Range>&>
class range_source {
  using range_type = std::remove_reference_t<Range>;
  using iterator = std::ranges::iterator_t<range_type>;
  using sentinel = std::ranges::sentinel_t<range_type>;

  static constexpr bool owns_range = !std::is_lvalue_reference_v<Range>;
  static constexpr bool moves_out = gives_elements_away<Range>;

  using element = std::conditional_t<moves_out, std::ranges::range_rvalue_reference_t<range_type>,
                                     std::ranges::range_reference_t<range_type>>;

 public:
  using item_type = range_item_t<Range>;

  static_assert(std::constructible_from<item_type, element>,
                "parwork: an item (the range's value type) cannot be made from an element of this "
                "range. Elements that cannot be copied are moved out only of a range that owns "
                "them and is passed as an rvalue: std::move(range), not range or range | adaptor.");

  explicit range_source(Range&& range) : range_(hold(std::forward<Range>(range))) {
    if constexpr (std::ranges::sized_range<range_type>) {
      size_ = static_cast<std::uint64_t>(std::ranges::size(*range_));
    }
  }

  /// The next element, or nothing at the end of the range and ever after.
  /// REQUIRES: no call has thrown.
  maybe<item_type> operator()() {
    if (state_ == state::ended) return std::nullopt;
    if (state_ == state::new_born) {
      position_.emplace(std::ranges::begin(*range_), std::ranges::end(*range_));
      state_ = state::begun;
    } else {
      ++position_->at;
    }
    if (position_->at == position_->end) {
      state_ = state::ended;
      return std::nullopt;
    }
    if constexpr (moves_out) {
      return maybe<item_type>(std::in_place, std::ranges::iter_move(position_->at));
    } else {
      return maybe<item_type>(std::in_place, *position_->at);
    }
  }

  /// How many elements a sized range had at construction; nothing for other ranges.
  std::optional<std::uint64_t> size() const noexcept { return size_; }

 private:
  enum class state { new_born, begun, ended };
  using holder = std::conditional_t<owns_range, std::unique_ptr<range_type>, range_type*>;

  struct position {
    position(iterator&& b, sentinel&& e) : at(std::move(b)), end(std::move(e)) {}
    iterator at;
    [[no_unique_address]] sentinel end;
  };

  static holder hold(Range&& range) {
    if constexpr (owns_range) {
      return std::make_unique<range_type>(std::forward<Range>(range));
    } else {
      return std::addressof(range);
    }
  }

  // Before position_: the iterators go first.
  holder range_;
  std::optional<position> position_;
  std::optional<std::uint64_t> size_;
  state state_ = state::new_born;
};

template <class Range>
range_source(Range&&) -> range_source<Range>;

}  // namespace parwork::detail
