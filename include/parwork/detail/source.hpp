// The kinds of generator behind one face: `next(where)` makes an item in raw memory, or says that
// it is over. One that fills has `fill(item)` in its place.
//
// Thread safety: one call at a time. A split range is read by several workers at once, by position.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "parwork/concepts.hpp"
#include "parwork/detail/range_source.hpp"

namespace parwork::detail {

// A generator of our own that waits and can be told to give up: called with the run's stop token.
template <class G>
concept interruptible_generator = callable_generator<G> && std::invocable<G&, std::stop_token> &&
                                  optional_like<std::invoke_result_t<G&, std::stop_token>>;

// The same of one that fills.
template <class G>
concept interruptible_filler =
    filling_generator<G> && std::invocable<G&, generator_item_t<G>&, std::stop_token>;

// Whether the next item was filled in.
template <class Generator, class Item>
bool call_to_fill(Generator& generator, Item& item, [[maybe_unused]] const std::stop_token& stop) {
  if constexpr (interruptible_filler<Generator>) {
    return std::invoke(generator, item, stop);
  } else {
    return std::invoke(generator, item);
  }
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

// What holds an item and is none.
template <class T>
inline constexpr bool is_maybe = is_optional<T>;
template <class T>
inline constexpr bool is_maybe<optional_ref<T>> = true;

template <class Generator>
inline constexpr bool yields_optional_by_value = is_optional<std::invoke_result_t<Generator&>>;
template <interruptible_generator Generator>
inline constexpr bool yields_optional_by_value<Generator> =
    is_optional<std::invoke_result_t<Generator&, std::stop_token>>;

// Tag: what follows is a call whose optional is to be kept where it is returned.
struct from_call {};

// Makes an item in raw memory of what `yield()` returns; false: nothing, it is over. An optional is
// made where it stays, where the memory is for one.
template <class Stored, class Yield>
bool make_item(Stored* where, Yield&& yield) {
  if constexpr (std::is_constructible_v<Stored, from_call, Yield>) {
    std::construct_at(where, from_call{}, yield);
    if (where->item.has_value()) return true;
    std::destroy_at(where);
    return false;
  } else {
    auto yielded = yield();
    if (!yielded) return false;
    if constexpr (is_maybe<decltype(yielded)>) {
      std::construct_at(where, *std::move(yielded));
    } else {
      std::construct_at(where, std::move(yielded));
    }
    return true;
  }
}

template <class Generator>
class callable_source {
 public:
  explicit callable_source(Generator& generator) noexcept : generator_(generator) {}

  template <class Stored>
  bool next(Stored* where, const std::stop_token& stop) {
    return make_item(where, [&] { return call(stop); });
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return std::nullopt; }

  static constexpr bool yields_optional = yields_optional_by_value<Generator>;

 private:
  [[gnu::always_inline]] auto call(const std::stop_token& stop) {
    if constexpr (interruptible_generator<Generator>) {
      return std::invoke(generator_, stop);
    } else {
      return generator_();
    }
  }

  Generator& generator_;
};

template <class Generator>
class filling_source {
 public:
  explicit filling_source(Generator& generator) noexcept : generator_(generator) {}

  // `item` may hold what an earlier one left.
  bool fill(generator_item_t<Generator>& item, const std::stop_token& stop) {
    return call_to_fill(generator_, item, stop);
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return std::nullopt; }

  static constexpr bool yields_optional = false;

 private:
  Generator& generator_;
};

template <class Range>
class iterated_source {
 public:
  explicit iterated_source(Range&& range) : range_(std::forward<Range>(range)) {}

  template <class Stored>
  bool next(Stored* where, const std::stop_token&) {
    return make_item(where, [&] { return range_(); });
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return range_.size(); }

  static constexpr bool yields_optional = !is_refs_range<std::remove_cvref_t<Range>>;

 private:
  range_source<Range> range_;
};

template <class Split>
class split_source {
  using iterator = decltype(std::declval<Split&>().begin());

 public:
  // The iterator is taken once: begin() of a view may change it, so workers do not call it.
  explicit split_source(Split& split) : begin_(split.begin()), size_(split.size()) {}

  template <class Stored>
  void copy(Stored* where, std::uint64_t position) {
    std::construct_at(where, at(position));
  }
  [[nodiscard]] decltype(auto) at(std::uint64_t position) const {
    return begin_[static_cast<std::iter_difference_t<iterator>>(position)];
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return size_; }

  static constexpr bool yields_optional = false;

 private:
  const iterator begin_;
  const std::uint64_t size_;
};

template <class Generator>
auto make_source(Generator&& generator) {
  using plain = std::remove_reference_t<Generator>;
  if constexpr (is_weighed<plain>) {
    return make_source<unweighed_t<Generator>>(without_weights<Generator>(generator));
  } else if constexpr (split_generator<Generator>) {
    return split_source<plain>(generator);
  } else if constexpr (callable_generator<Generator>) {
    return callable_source<plain>(generator);
  } else if constexpr (filling_generator<Generator>) {
    return filling_source<plain>(generator);
  } else {
    return iterated_source<Generator>(std::forward<Generator>(generator));
  }
}

}  // namespace parwork::detail
