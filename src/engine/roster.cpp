#include "engine/roster.hpp"

namespace parwork::detail {

outcome_counts roster::handed_over() const noexcept {
  outcome_counts sum;
  // Relaxed: statistics of one writer each.
  for_each([&](const worker& w) {
    sum.succeeded += w.succeeded.load(std::memory_order_relaxed);
    sum.failed += w.failed.load(std::memory_order_relaxed);
    sum.cancelled += w.cancelled.load(std::memory_order_relaxed);
  });
  return sum;
}

std::uint64_t roster::spawned() const noexcept {
  std::uint64_t sum = 0;
  for_each([&](const worker& w) {
    sum += w.spawned_ever.load(std::memory_order_acquire);  // partner: spawning::count
  });
  return sum;
}

std::uint64_t roster::delivered_spawned() const noexcept {
  std::uint64_t sum = 0;
  for_each([&](const worker& w) {
    sum += w.delivered_spawned.load(std::memory_order_acquire);  // partner: delivery::account
  });
  return sum;
}

}  // namespace parwork::detail
