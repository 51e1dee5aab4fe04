// batched: work on many items at once, for kernels that gain from it (SIMD, a GPU, a database round
// trip).
//
// Invariants: a span never holds more than `max` items and never waits for more to come; work
// returns one result for each item of it, in its order.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace parwork {

/// Work on spans of items; made by `batched`.
template <class Work>
struct batched_work {
  Work work;
  std::size_t max;
};

/// `work(std::span<Item>)` returns `std::vector<R>`, one result an item (`R` may be a
/// `std::expected`). An exception fails all items of the span; so does a wrong number of results,
/// with a message that says so. `max` is the longest span, 1 to 65,536; else
/// `std::invalid_argument`. A span never holds more than half of a worker's share of the
/// queue: 50 items with the default queue, 256 from a queue of 512 a worker on.
template <class Work>
[[nodiscard]] auto batched(Work&& work, std::size_t max = 256) {
  constexpr std::size_t longest = 65'536;
  if (max == 0 || max > longest) {
    throw std::invalid_argument("parwork: batched: max must be 1 to " + std::to_string(longest) +
                                ", it is " + std::to_string(max));
  }
  return batched_work<std::decay_t<Work>>{std::forward<Work>(work), max};
}

}  // namespace parwork
