// weighed: tells what items weigh, so that memory bounds how many are in flight.
//
// Thread safety: one call at a time, each happening before the next, as `process` makes them.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

#include "parwork/concepts.hpp"
#include "parwork/detail/null_check.hpp"
#include "parwork/detail/weighed_generator.hpp"
#include "parwork/prefinished.hpp"

namespace parwork {

/// The items of `generator`, each with a weight in bytes: `weight(const Item&)`, asked once an item
/// on the thread that calls the generator. `options::memory` bounds the sum of the weights in
/// flight, spawned items aside; an item that is heavier than that runs alone. The first item that
/// does not fit yet is held, one at most, until there is room: it is not in flight, and a stop
/// destroys it uncounted. `options::queue` holds as well. `summary::peak_memory` tells what the run
/// came to.
///
/// The outermost adapter, of any generator but `split`. An lvalue is kept by reference and must
/// outlive the result, an rvalue is kept inside; so is `weight`. What `weight` throws leaves as
/// what the generator throws. Costs the call of `weight` and a few atomic accesses an item, and two
/// moves of each item that has to wait. Throws `std::invalid_argument` where `generator` or
/// `weight` is null.
template <class Generator, class Weight>
[[nodiscard]] auto weighed(Generator&& generator, Weight&& weight) {
  constexpr bool fits = parwork::generator<Generator> && !split_generator<Generator> &&
                        !detail::is_weighed<std::remove_cvref_t<Generator>>;
  static_assert(fits,
                "parwork: weighed needs a range, a callable that returns std::optional, "
                "std::unique_ptr, std::shared_ptr or a pointer, or one that fills, bool(Item&); "
                "a split range has no puller to hold its items back");
  if constexpr (fits) {
    using item = const std::remove_reference_t<detail::plain_item_t<generator_item_t<Generator>>>&;
    constexpr bool ok = std::is_invocable_r_v<std::size_t, std::remove_reference_t<Weight>&, item>;
    static_assert(ok,
                  "parwork: the weight of weighed must be callable with const Item&, and return "
                  "bytes, std::size_t");
    if constexpr (ok) {
      detail::refuse_null(generator, "the generator");
      detail::refuse_null(weight, "the weight of weighed");
      return weighed_generator<Generator, Weight>(std::forward<Generator>(generator),
                                                  std::forward<Weight>(weight));
    }
  }
}

}  // namespace parwork
