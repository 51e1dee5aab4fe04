// How far a run has come: what `options::on_progress` receives.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace parwork {

/// A look at a run under way. The counts are read one after the other while the run goes on, so
/// they may differ by the items of a moment; those of the last call, at the end, are exact.
struct progress {
  std::uint64_t produced = 0;   ///< items taken from the generator, and spawned ones
  std::uint64_t collected = 0;  ///< items given to the collector: succeeded, failed and cancelled
  std::uint64_t failed = 0;     ///< of those, how many failed; cancelled ones aside
  std::uint64_t retries = 0;    ///< attempts beyond the first of their item
  std::size_t in_flight = 0;    ///< produced and not yet collected
  std::optional<std::uint64_t> total = {};  ///< items to expect, where known
  std::chrono::nanoseconds elapsed{0};      ///< since the run began
  double items_per_second = 0;  ///< collected since the run began, in its time without pauses
  std::optional<std::chrono::nanoseconds> eta =
      {};  ///< time left at this rate, where total is known
};

}  // namespace parwork
