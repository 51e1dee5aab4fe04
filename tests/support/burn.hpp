// Work of a length of its own.
#pragma once

#include <chrono>

namespace parwork_test {

/// Work that takes so long by the clock.
inline void burn(std::chrono::nanoseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

}  // namespace parwork_test
