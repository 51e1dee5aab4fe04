// What a run did and what limited it: what `process` returns.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>

#include "parwork/failure.hpp"

namespace parwork {

/// A part that was occupied for at least this share of its time limits the run.
inline constexpr double bottleneck_threshold = 0.9;

/// What limited a run. The conditions are tried in this order: generator, collector, work.
enum class bottleneck {
  balanced,   ///< none of the below
  generator,  ///< the generator was occupied for at least 90 % of the run's wall time
  work,       ///< workers were inside work for at least 90 % of `workers * wall`
  collector,  ///< the collector was occupied for at least 90 % of the run's wall time
};

/// Writes the enumerator's name.
std::ostream& operator<<(std::ostream& out, bottleneck bound);

/// The outcome of one run. `produced == succeeded + failed + cancelled`, always.
struct summary {
  std::uint64_t produced = 0;   ///< items taken from the generator, and spawned ones
  std::uint64_t succeeded = 0;  ///< items with a result
  std::uint64_t failed = 0;     ///< items whose last attempt failed
  std::uint64_t cancelled = 0;  ///< items that a stop kept from their first attempt, or cut off
  std::uint64_t retries = 0;    ///< attempts beyond the first of their item

  std::chrono::nanoseconds wall{0};  ///< from the call of `process` to its end
  /// The limit the run had, less threads that the system had no room for. Fewer may have been
  /// needed. Where `set_workers` changed it: the highest.
  unsigned workers = 0;
  /// The most items that could be in flight, spawned ones aside: `options::queue`, or what the
  /// automatic one came to.
  std::size_t queue = 0;
  std::size_t peak_in_flight = 0;  ///< spawned items aside: never above `queue`
  /// The largest sum of weights in flight, in bytes: never above `options::memory`, unless one item
  /// was heavier. 0 without weights.
  std::size_t peak_memory = 0;
  bool stopped = false;  ///< by token or by a failure
  /// Of `wall`, how long the run was paused: from `pause` to `resume`, to a stop or to the end.
  std::chrono::nanoseconds paused{0};

  /// The failed item delivered first, cancelled ones aside. Under `ordering::input` that is the
  /// failed item with the lowest index.
  std::optional<failure> first_failure = {};

  bottleneck bound = bottleneck::balanced;  ///< what limited the run

  /// Where the workers' time went: shares of `workers * (wall - paused)`, from 0 to 1. Their sum
  /// is about 1.
  double generator_share = 0;
  double work_share = 0;
  double collector_share = 0;
  double idle_share = 0;
};

/// Writes one readable paragraph, without a newline at its end: counts, rate, the first failure,
/// what limited the run and what to do about it. For people: the wording may change.
std::ostream& operator<<(std::ostream& out, const summary& summary);

}  // namespace parwork
