// batched: work on many items at once, for kernels that gain from it (SIMD, a GPU, a database round
// trip), and for spans that are finished elsewhere (other machines).
//
// Invariants: a span never holds more than `max` items; it waits for more to come for `linger` at
// most, and not at all by default. Work has one result for each item of it, in its order.
#pragma once

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "parwork/option_values.hpp"

namespace parwork {

/// How the spans of `batched` work are made.
struct batch_options {
  /// The longest span, in items: 1 to 65,536.
  std::size_t max = 256;
  /// How long a span may wait for more items, counted from its first. 0: not at all.
  time_span linger = {};
};

/// Work on spans of items; made by `batched`. `Max`: a number, or a callable that returns one.
template <class Work, class Max = std::size_t>
struct batched_work {
  Work work;
  Max max;
  time_span linger = {};
};

namespace detail {

// A class may be such work by being derived from it.
template <class Work, class Max>
void as_batched_work(const batched_work<Work, Max>*);
template <class T>
inline constexpr bool is_batched_work = requires(const T* work) { detail::as_batched_work(work); };

// Whether the longest span is asked for each time.
template <class T>
inline constexpr bool asks_for_length = false;
template <class T>
  requires is_batched_work<T>
inline constexpr bool asks_for_length<T> = !std::integral<decltype(T::max)>;

template <class Max>
concept length_function =
    std::invocable<Max&> && std::convertible_to<std::invoke_result_t<Max&>, std::size_t>;
template <class Max>
concept length_of_spans = std::convertible_to<Max, std::size_t> || length_function<Max>;

}  // namespace detail

/// `work(std::span<Item>)` returns `std::vector<R>`, one result an item (`R` may be a
/// `std::expected`). An exception fails all items of the span; so does a wrong number of results,
/// with a message that says so.
///
/// Asynchronous: `work(std::span<Item>, batch_completer<R>)`, spelled out, returns at once, and its
/// completer finishes the span later, from any thread; see `batch_completer`. The items stay where
/// they are until the span is finished and the call has returned. An exception that leaves work
/// fails all items of the span, unless its completer was used before. `options::queue` bounds how
/// many items are outstanding, and `options::timeout` counts from the call.
///
/// A span that has fewer than `how.max` items waits for more until `how.linger` has passed since
/// its first one came. It does not wait where none can come: the generator has ended, the queue or
/// the memory is full, the run is stopping. No worker waits with it. So with a slow generator a
/// result comes later by up to `linger`, and spans are long. A wait of no length, the default,
/// takes what is there. Items of a failed span are tried again one by one, and wait for nobody. A
/// split range has all its items at once: there `linger` has no effect.
///
/// With a wait a span may take the whole queue; `max` items need a queue of at least as many, and
/// of `max` for each worker that is to be busy. Without one a span holds at most half of a worker's
/// share of the queue: 50 items with the default queue, 256 from a queue of 512 a worker on. A wait
/// costs 22 ns an item with one worker and 34 with two (AMD EPYC), and a timer's wake-up once in
/// `linger` at most.
///
/// An asynchronous item costs 8 to 10 ns of CPU and 18 bytes in spans of 256 (one worker, an Intel
/// Xeon), itself, its result and the user's calls aside. One of `completer` costs 500 ns and 360
/// bytes.
///
/// Throws `std::invalid_argument` if `max` is not 1 to 65,536, or `linger` is negative.
template <class Work>
[[nodiscard]] auto batched(Work&& work, batch_options how) {
  constexpr std::size_t longest = 65'536;
  if (how.max == 0 || how.max > longest) {
    throw std::invalid_argument("parwork: batched: max must be 1 to " + std::to_string(longest) +
                                ", it is " + std::to_string(how.max));
  }
  if (how.linger.count() < 0) {
    throw std::invalid_argument("parwork: batched: linger must be 0 or more, it is " +
                                std::to_string(how.linger.count()) + " ns");
  }
  return batched_work<std::decay_t<Work>>{std::forward<Work>(work), how.max, how.linger};
}

/// The same without a wait.
template <class Work>
[[nodiscard]] auto batched(Work&& work, std::size_t max = 256) {
  return batched(std::forward<Work>(work), batch_options{.max = max});
}

/// The same with a length that changes: `max()` returns the longest span that is wanted now. It is
/// asked once before each span, when its items are about to be taken from the generator; not for an
/// item that is tried again, which is alone. Less than 1 counts as 1, more than 65,536 as that.
/// It is called by one thread at a time, each call happening-before the next; with `split` by
/// several workers at once. What it throws ends the run as an exception of the generator does.
template <class Work, class Max>
  requires detail::length_function<std::decay_t<Max>>
[[nodiscard]] auto batched(Work&& work, Max&& max) {
  return batched_work<std::decay_t<Work>, std::decay_t<Max>>{std::forward<Work>(work),
                                                             std::forward<Max>(max)};
}

/// @cond
// What is neither: one sentence.
template <class Work, class Max>
  requires(!detail::length_of_spans<std::decay_t<Max>> && !std::convertible_to<Max, batch_options>)
auto batched(Work&& work, Max&&) {
  static_assert(detail::length_of_spans<std::decay_t<Max>>,
                "parwork: the second argument of batched is the longest span: a number, a callable "
                "without arguments that returns one, or batch_options");
  return batched(std::forward<Work>(work));
}
/// @endcond

}  // namespace parwork
