// Results that no submitter is there to take: how long they are kept, and how many.
//
// Thread safety: one thread at a time. Invariants: the oldest go first; what `add` was called with
// is here until `remove`, or until `overdue` has returned it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "nats/owned_batch.hpp"

namespace parwork::nats::detail {

class untaken_results {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  untaken_results(std::chrono::nanoseconds at_most, std::size_t most_bytes) noexcept
      : at_most_(at_most), most_bytes_(most_bytes) {}

  /// From now on nobody is there to take it. REQUIRES: it is finished. Again: nothing happens.
  void add(const owned_batch_ptr& finished, time_point now);
  /// Somebody is there, or it is gone. May be called for what is not here.
  void remove(owned_batch& its) noexcept;

  /// What is too old or too much, out of here.
  [[nodiscard]] std::vector<owned_batch_ptr> overdue(time_point now);
  /// When the next one will be too old.
  [[nodiscard]] std::optional<time_point> deadline() const noexcept;

  [[nodiscard]] bool is_empty() const noexcept { return kept_.empty(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct entry {
    owned_batch_ptr its;
    time_point since;
  };
  [[nodiscard]] time_point end_of(const entry& its) const noexcept;

  const std::chrono::nanoseconds at_most_;
  const std::size_t most_bytes_;
  std::map<std::uint64_t, entry> kept_;  // by age
  std::uint64_t added_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace parwork::nats::detail
