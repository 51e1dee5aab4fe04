// How fast a worker is, and what follows from it: how many items go into a batch for it, and how
// many batches it may hold.
//
// Thread safety: one thread at a time. Invariants: a batch is at most twice as long as the longest
// that the worker has finished. Without a finished batch nothing is known, and a batch has one
// item.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace parwork::nats::detail {

/// A batch is to take so long: long beside a message's cost, short beside a person's patience.
inline constexpr std::chrono::nanoseconds batch_duration = std::chrono::milliseconds(20);
/// Items that take less may wait at a worker behind others.
inline constexpr std::chrono::nanoseconds short_item = std::chrono::milliseconds(100);
inline constexpr unsigned most_batches_a_thread = 8;

class worker_pace {
 public:
  /// A batch has come back: so many items, so long on one thread.
  void finished(std::size_t items, std::chrono::nanoseconds took) noexcept;
  /// A poll was answered after so long.
  void answered(std::chrono::nanoseconds round_trip) noexcept;

  /// Items in a batch, from 1.
  [[nodiscard]] std::size_t wanted(std::size_t max_batch) const noexcept;
  /// Batches that a thread may hold, the running one included.
  [[nodiscard]] unsigned batches_a_thread(std::size_t max_batch) const noexcept;
  /// Of one item on one thread, in nanoseconds. Nothing where no batch has come back.
  [[nodiscard]] std::optional<double> item_time() const noexcept { return item_time_; }

 private:
  std::optional<double> item_time_;
  std::optional<double> round_trip_;  // in nanoseconds
  std::size_t grown_ = 1;             // twice the longest batch that came back
};

}  // namespace parwork::nats::detail
