// How long an item waits before its next attempt.
#pragma once

#include <chrono>
#include <cstdint>

#include "parwork/failure.hpp"
#include "parwork/retry.hpp"

namespace parwork::detail {

// Whether `why`, the outcome of attempt number `attempt`, is worth another one. May throw what
// retry_if throws.
[[nodiscard]] bool worth_retry(const retry_policy& policy, const failure& why, unsigned attempt);

// The wait behind attempt number `attempt` of item `index`; the jitter depends on these and `seed`
// alone.
[[nodiscard]] std::chrono::nanoseconds backoff_after(const retry_policy& policy, unsigned attempt,
                                                     std::uint64_t index,
                                                     std::uint64_t seed) noexcept;

// The failure of an attempt that ended `late` after its deadline, having had `allowed`.
[[nodiscard]] failure timeout_failure(std::chrono::nanoseconds allowed,
                                      std::chrono::nanoseconds late) noexcept;

}  // namespace parwork::detail
