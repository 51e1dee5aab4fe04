// keyed: items with equal keys are worked on one at a time, in the order of the generator: one
// request a host, one writer a customer, updates of a record in their order.
//
// Invariants: an item that has to wait holds no worker. Its place in the order is settled when it
// is pulled, or spawned, and it keeps that place until its outcome is final, through all attempts.
#pragma once

#include <type_traits>
#include <utility>

#include "parwork/batched.hpp"

namespace parwork {

/// Work whose items wait for those with the same key; made by `keyed`.
template <class Work, class Key>
struct keyed_work {
  Work work;
  Key key;
};

namespace detail {

template <class T>
inline constexpr bool is_keyed_work = false;
template <class Work, class Key>
inline constexpr bool is_keyed_work<keyed_work<Work, Key>> = true;

}  // namespace detail

/// `work` in any form but `batched`. `key(const Item&)` is asked once an item, by one thread at a
/// time but for spawned items, and returns a value that `std::hash` takes; a `std::string_view` is
/// kept as a string. Where `key` throws, that item fails with it and work is not called.
///
/// Waiting items are in flight: when all of `queue` wait for one key, nothing else is pulled. A
/// `split` range is read by one worker at a time. Cost: about 130 ns an item
/// with one worker and 1 us of CPU with two (AMD EPYC), with two or three allocations.
template <class Work, class Key>
[[nodiscard]] auto keyed(Work&& work, Key&& key) {
  static_assert(!detail::is_batched_work<std::decay_t<Work>>,
                "parwork: keyed takes no batched work: a span has items of several keys");
  static_assert(!detail::is_keyed_work<std::decay_t<Work>>,
                "parwork: keyed takes no keyed work: make one key of both, a std::string for one");
  return keyed_work<std::decay_t<Work>, std::decay_t<Key>>{std::forward<Work>(work),
                                                           std::forward<Key>(key)};
}

}  // namespace parwork
