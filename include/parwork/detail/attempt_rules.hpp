// How often an item is tried, how long each attempt may take, and how long it waits in between.
//
// Thread safety: never changes; retry_if may be called by several workers at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "parwork/detail/backoff.hpp"
#include "parwork/failure.hpp"
#include "parwork/options.hpp"

namespace parwork::detail {

class attempt_rules {
 public:
  using clock = std::chrono::steady_clock;

  explicit attempt_rules(const options& given)
      : retry_(given.retry),
        timeout_(given.timeout),
        seed_(static_cast<std::uint64_t>(clock::now().time_since_epoch().count()) ^
              reinterpret_cast<std::uintptr_t>(this)) {}

  // One attempt, whatever comes of it and however long it takes.
  [[nodiscard]] bool is_plain() const noexcept { return !may_retry() && !has_deadline(); }
  [[nodiscard]] bool may_retry() const noexcept { return retry_.max_attempts > 1; }
  [[nodiscard]] bool has_deadline() const noexcept { return timeout_.count() != 0; }

  // Saturates: a timeout of nanoseconds::max() is none in practice. Without one: never.
  [[nodiscard]] clock::time_point deadline_from_now() const noexcept {
    if (!has_deadline()) return clock::time_point::max();
    const auto now = clock::now();
    return now + std::min<clock::duration>(timeout_, clock::time_point::max() - now);
  }
  [[nodiscard]] failure late_by(std::chrono::nanoseconds late) const noexcept {
    return timeout_failure(timeout_, late);
  }

  // May throw what retry_if throws.
  [[nodiscard]] bool allow_another(const failure& why, unsigned number) const {
    return worth_retry(retry_, why, number);
  }
  [[nodiscard]] std::chrono::nanoseconds wait_after(unsigned number,
                                                    std::uint64_t index) const noexcept {
    return backoff_after(retry_, number, index, seed_);
  }

 private:
  const retry_policy retry_;
  const std::chrono::nanoseconds timeout_;
  const std::uint64_t seed_;
};

}  // namespace parwork::detail
