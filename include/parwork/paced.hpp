// paced: a generator that yields no faster than asked, for services with a rate limit.
//
// Thread safety: one call at a time, each happening before the next, as `process` makes them.
#pragma once

#include <optional>
#include <stop_token>
#include <utility>

#include "parwork/detail/item_source.hpp"
#include "parwork/detail/pace.hpp"

namespace parwork {

/// A generator with a rate limit; made by `paced`.
template <class Generator>
class paced_generator {
  using source = detail::item_source<Generator>;

 public:
  using item = typename source::item_type;

  paced_generator(Generator&& generator, double per_second)
      : source_(std::forward<Generator>(generator)), pace_(per_second) {}

  /// The next item when its time has come, or nothing at the end.
  [[nodiscard]] detail::maybe<item> operator()()
    requires(!source::fills)
  {
    return (*this)(std::stop_token());
  }

  /// The same; when `stop` is requested during the wait it returns nothing, at once, and leaves
  /// the next item where it is.
  [[nodiscard]] detail::maybe<item> operator()(const std::stop_token& stop)
    requires(!source::fills)
  {
    if (detail::wait_until(pace_.due(), stop) == detail::wait_end::stopped) return std::nullopt;
    auto taken = source_(stop);
    pace_.taken(detail::pace::clock::now());
    return taken;
  }

  /// The same where `generator` fills items: so does this one.
  [[nodiscard]] bool operator()(item& into)
    requires(source::fills)
  {
    return (*this)(into, std::stop_token());
  }
  [[nodiscard]] bool operator()(item& into, const std::stop_token& stop)
    requires(source::fills)
  {
    if (detail::wait_until(pace_.due(), stop) == detail::wait_end::stopped) return false;
    const bool filled = source_.fill(into, stop);
    pace_.taken(detail::pace::clock::now());
    return filled;
  }

 private:
  source source_;
  detail::pace pace_;
};

/// @cond
// Its two forms of call hide what it fills.
template <class Generator>
  requires detail::item_source<Generator>::fills
struct detail::filled_item<paced_generator<Generator>> {
  using type = typename paced_generator<Generator>::item;
};
/// @endcond

/// The items of `generator`, at most `per_second` of them a second, the first one at once. After a
/// pause the rate is kept, no burst follows; only what an item is late by less than a millisecond
/// is made up for. `generator` is a range or a callable generator; an lvalue is kept by reference
/// and must outlive the result, an rvalue is kept inside.
///
/// The wait sleeps on the thread that calls the generator and ends at once when the run is stopped.
/// With `runs_on::own_thread` it holds no worker. Costs two readings of the clock an item. Throws
/// `std::invalid_argument` unless `per_second` is above 0, and where the generator is null.
template <class Generator>
[[nodiscard]] auto paced(Generator&& generator, double per_second) {
  static_assert(detail::adaptable_generator<Generator>,
                "parwork: paced needs a range, a callable that returns std::optional, "
                "std::unique_ptr, std::shared_ptr or a pointer, or one that fills, bool(Item&); a "
                "split range has no rate");
  return paced_generator<Generator>(std::forward<Generator>(generator), per_second);
}

}  // namespace parwork
