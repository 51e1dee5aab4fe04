// A batch that a worker has been given, from its arrival until it is gone.
//
// Thread safety: one thread at a time, the worker machine's, but for what says otherwise. Who
// executes the batch reads what never changes.
// Invariants:
// 1. `frame` holds the bytes that `what` points into: neither changes.
// 2. `answer` is there from `kept` on: a whole `result` message.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "nats/messages.hpp"
#include "parwork/detail/nats_served.hpp"

namespace parwork::nats::detail {

struct owned_batch {
  using time_point = std::chrono::steady_clock::time_point;

  owned_batch(std::shared_ptr<const std::string> bytes, batch&& decoded, std::uint64_t number)
      : frame(std::move(bytes)), what(std::move(decoded)), arrival(number) {}

  /// What it costs to keep it.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return frame->size() + (answer == nullptr ? 0 : answer->size());
  }

  const std::shared_ptr<const std::string> frame;
  const batch what;
  const std::uint64_t arrival;  // in the order of arrival, from 1

  batch_stage at = batch_stage::queued;
  bool is_wanted = true;  // no: it runs, and what it comes to is dropped
  std::shared_ptr<const std::string> answer;
  time_point sent_at = time_point::min();  // its result, the last time; min: not yet
  std::uint64_t place_in_untaken = 0;      // see untaken_results; 0: not there

  // Set by the machine's thread, read between two items by who executes it. It alone is ordered
  // with nothing: relaxed.
  std::atomic<bool> is_cut_short{false};
  std::stop_source stop;  // any thread
};

using owned_batch_ptr = std::shared_ptr<owned_batch>;

}  // namespace parwork::nats::detail
