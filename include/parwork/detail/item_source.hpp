// What an adapter takes its items from: a range or a callable generator, behind one call.
//
// Thread safety: none; one call at a time, each happening before the next.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "parwork/concepts.hpp"
#include "parwork/detail/null_check.hpp"
#include "parwork/detail/range_source.hpp"
#include "parwork/detail/source.hpp"

namespace parwork::detail {

template <class G>
concept adaptable_generator =
    !split_generator<G> && (callable_generator<G> || filling_generator<G> || range_generator<G>);

// What keeps a generator: itself, or what iterates a range.
template <class Generator>
struct adapted {
  using type = range_source<Generator>;
};
template <class Generator>
  requires(callable_generator<Generator> || filling_generator<Generator>)
struct adapted<Generator> {
  using type = Generator;
};

/// `Generator` is deduced as for a forwarding reference: `T&` keeps a reference, `T` owns it.
template <adaptable_generator Generator>
class item_source {
  using inner = typename adapted<Generator>::type;

 public:
  using item_type = generator_item_t<Generator>;

  /// Whether the generator fills items that it is given.
  static constexpr bool fills = filling_generator<Generator>;
  /// Whether the generator waits itself and gives up on a stop.
  static constexpr bool interruptible =
      interruptible_generator<std::remove_reference_t<Generator>> ||
      interruptible_filler<std::remove_reference_t<Generator>>;

  /// Throws `std::invalid_argument` where the generator is null.
  explicit item_source(Generator&& generator)
      : generator_((refuse_null(generator, "the generator"), std::forward<Generator>(generator))) {}

  /// The next item, or nothing at the end and ever after: the generator is not called again then.
  maybe<item_type> operator()(const std::stop_token& stop) {
    if (over_) return std::nullopt;
    if constexpr (fills) {
      maybe<item_type> item(std::in_place);
      if (!fill(*item, stop)) item.reset();
      return item;
    } else {
      auto yielded = call(stop);
      over_ = !yielded;
      if (over_) return std::nullopt;
      if constexpr (is_maybe<decltype(yielded)>) {
        return maybe<item_type>(std::in_place, *std::move(yielded));
      } else {
        return maybe<item_type>(std::in_place, std::move(yielded));
      }
    }
  }

  /// The same into `item`, whatever it holds; false at the end and ever after.
  bool fill(item_type& item, const std::stop_token& stop)
    requires fills
  {
    over_ = over_ || !call_to_fill(generator_, item, stop);
    return !over_;
  }

 private:
  auto call([[maybe_unused]] const std::stop_token& stop) {
    if constexpr (interruptible) {
      return std::invoke(generator_, stop);
    } else {
      return std::invoke(generator_);
    }
  }

  inner generator_;
  bool over_ = false;
};

}  // namespace parwork::detail
