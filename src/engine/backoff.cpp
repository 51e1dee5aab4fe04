#include "parwork/detail/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/readable.hpp"

namespace parwork::detail {

namespace {

// A number in [0, 1) from a counter. Source: SplitMix64 (Steele, Lea, Flood, 2014).
double uniform(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  x ^= x >> 31U;
  return static_cast<double>(x >> 11U) * 0x1.0p-53;
}

}  // namespace

bool worth_retry(const retry_policy& policy, const failure& why, unsigned attempt) {
  if (attempt >= policy.max_attempts) return false;
  return policy.retry_if ? policy.retry_if(why) : why.kind() != failure_kind::cancelled;
}

std::chrono::nanoseconds backoff_after(const retry_policy& policy, unsigned attempt,
                                       std::uint64_t index, std::uint64_t seed) noexcept {
  if (policy.backoff.count() == 0) return std::chrono::nanoseconds{0};
  const double grown =
      static_cast<double>(policy.backoff.count()) * std::pow(policy.multiplier, attempt - 1.0);
  const double capped = std::min(grown, static_cast<double>(policy.max_backoff.count()));
  const double sway =
      policy.jitter * (2 * uniform(seed + index * 0x2545f4914f6cdd1dU + attempt) - 1);
  constexpr double longest = 9e18;  // what nanoseconds hold
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(std::min(capped * (1 + sway), longest)));
}

failure timeout_failure(std::chrono::nanoseconds allowed, std::chrono::nanoseconds late) noexcept {
  try {
    return {failure_kind::timeout, "timeout: the attempt ended " + readable_duration(late) +
                                       " after its deadline of " + readable_duration(allowed)};
  } catch (const std::bad_alloc&) {
    return standing().timed_out;
  }
}

}  // namespace parwork::detail
