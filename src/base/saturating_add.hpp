// A time that far ahead is never, rather than an overflow into the past.
#pragma once

#include <algorithm>
#include <chrono>

namespace parwork::detail {

// `when + wait`, or the last time there is. REQUIRES: both are at or after their zero.
[[nodiscard]] constexpr std::chrono::steady_clock::time_point saturating_add(
    std::chrono::steady_clock::time_point when, std::chrono::nanoseconds wait) noexcept {
  return when + std::min<std::chrono::nanoseconds>(
                    wait, std::chrono::steady_clock::time_point::max() - when);
}

}  // namespace parwork::detail
