// The three kinds of generator behind one face: `next(where)` makes an item in raw memory, or says
// that it is over.
//
// Thread safety: one call at a time. A split range is read by several workers at once, by position.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "parwork/concepts.hpp"
#include "parwork/detail/range_source.hpp"

namespace parwork::detail {

// A generator of our own that waits and can be told to give up: called with the run's stop token.
template <class G>
concept interruptible_generator = callable_generator<G> && std::invocable<G&, std::stop_token> &&
                                  optional_like<std::invoke_result_t<G&, std::stop_token>>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class Generator>
class callable_source {
 public:
  explicit callable_source(Generator& generator) noexcept : generator_(generator) {}

  template <class Stored>
  bool next(Stored* where, const std::stop_token& stop) {
    auto yielded = call(stop);
    if (!yielded) return false;
    if constexpr (is_optional<decltype(yielded)>) {
      std::construct_at(where, *std::move(yielded));
    } else {
      std::construct_at(where, std::move(yielded));
    }
    return true;
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return std::nullopt; }

 private:
  auto call(const std::stop_token& stop) {
    if constexpr (interruptible_generator<Generator>) {
      return std::invoke(generator_, stop);
    } else {
      return std::invoke(generator_);
    }
  }

  Generator& generator_;
};

template <class Range>
class iterated_source {
 public:
  explicit iterated_source(Range&& range) : range_(std::forward<Range>(range)) {}

  template <class Stored>
  bool next(Stored* where, const std::stop_token&) {
    auto yielded = range_();
    if (!yielded) return false;
    std::construct_at(where, *std::move(yielded));
    return true;
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return range_.size(); }

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
    std::construct_at(where, begin_[static_cast<std::iter_difference_t<iterator>>(position)]);
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept { return size_; }

 private:
  const iterator begin_;
  const std::uint64_t size_;
};

template <class Generator>
auto make_source(Generator&& generator) {
  using plain = std::remove_reference_t<Generator>;
  if constexpr (split_generator<Generator>) {
    return split_source<plain>(generator);
  } else if constexpr (callable_generator<Generator>) {
    return callable_source<plain>(generator);
  } else {
    return iterated_source<Generator>(std::forward<Generator>(generator));
  }
}

}  // namespace parwork::detail
