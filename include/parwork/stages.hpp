// stages: work in several steps, each with its own retries; limited: work that only so many workers
// do at once, such as a step that needs a device, a connection or much memory.
//
// Invariants: an item goes through all stages on one worker, without a hand-over. Where a limited
// stage is full the item waits and holds no worker; first come, first served.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "parwork/batched.hpp"
#include "parwork/keyed.hpp"

namespace parwork {

/// Work that at most `limit` workers do at once; made by `limited`.
template <class Work>
struct limited_work {
  Work work;
  unsigned limit;
};

/// Work in several steps; made by `stages`.
template <class... Work>
struct staged_work {
  std::tuple<Work...> each;
};

namespace detail {

template <class T>
inline constexpr bool is_limited_work = false;
template <class Work>
inline constexpr bool is_limited_work<limited_work<Work>> = true;

template <class T>
inline constexpr bool is_staged_work = false;
template <class... Work>
inline constexpr bool is_staged_work<staged_work<Work...>> = true;

// Whether a work may be a stage, or limited: its end comes with its call, an item at a time.
template <class Work>
consteval bool accepts_stage() {
  constexpr bool ok = !is_batched_work<Work> && !is_keyed_work<Work> && !is_staged_work<Work>;
  static_assert(ok,
                "parwork: stages and limited take neither batched nor keyed work nor stages: "
                "keyed(stages(...), key) is for keys of the whole item");
  return ok;
}

}  // namespace detail

/// `work(item)`, `work(item, context&)` or `per_worker(...)`, done by at most `limit` workers at
/// once; it is a work by itself, or a stage. An item that finds it full waits for a place and holds
/// no worker; it is in flight meanwhile. `limit` is 1 or more; else `std::invalid_argument`. Cost:
/// a lock, about 30 ns an item with one worker, 120 to 170 with two (AMD EPYC); for one that has to
/// wait a hand-over and an allocation.
template <class Work>
[[nodiscard]] auto limited(Work&& work, std::size_t limit) {
  static_assert(
      detail::accepts_stage<std::decay_t<Work>>() && !detail::is_limited_work<std::decay_t<Work>>,
      "parwork: limited work is limited already");
  constexpr std::size_t most = 1U << 30U;
  if (limit == 0) {
    throw std::invalid_argument("parwork: limited: the limit must be at least 1, it is 0");
  }
  return limited_work<std::decay_t<Work>>{std::forward<Work>(work),
                                          static_cast<unsigned>(limit < most ? limit : most)};
}

/// Work whose result is that of the last stage; the result of each stage is the item of the next,
/// which may take it by value. A stage is `work(item)`, `work(item, context&)`, `per_worker(...)`,
/// or any of them `limited`.
///
/// A failure ends the item and names its stage: `failure::stage()`. Retries and the timeout are of
/// the stage that failed: each has `max_attempts` of its own, and `completion::attempts` counts the
/// last one's. A stop comes between stages, too: the item arrives as cancelled. Cost: some 2 ns a
/// stage (AMD EPYC), and what a stage returns is moved once.
template <class First, class... Rest>
[[nodiscard]] auto stages(First&& first, Rest&&... rest) {
  static_assert(detail::accepts_stage<std::decay_t<First>>() &&
                (detail::accepts_stage<std::decay_t<Rest>>() && ...));
  return staged_work<std::decay_t<First>, std::decay_t<Rest>...>{
      {std::forward<First>(first), std::forward<Rest>(rest)...}};
}

}  // namespace parwork
