// A clock for measuring inside the engine: what a batch took, and when to look again.
//
// A reading of steady_clock costs 20 to 30 ns, of the processor's counter 10 (x86-64; both measured
// on the virtual machine of docs/performance.md), and a batch takes three. Where the counter is not
// known to run at one rate, it is steady_clock.
//
// Thread safety: all of it. Readings of two threads may differ by as much as their cores' counters
// do.
#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace parwork::detail {

class tick_clock {
 public:
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<tick_clock>;
  static constexpr bool is_steady = true;

  // Finds out how fast the counter runs. Called before the first run; takes up to 50 us, once.
  static void calibrate();

  // From now on every reading is the same. For programs that count instructions: how often the
  // engine does something then no longer depends on how fast the machine is. REQUIRES: calibrated,
  // no run is going on.
  static void stand_still() noexcept;

  [[nodiscard]] static time_point now() noexcept {
#if defined(__x86_64__)
    if (scale != 0) [[likely]]
      return time_point(duration(nanoseconds_of(__rdtsc())));
#endif
    return time_point(std::chrono::steady_clock::now().time_since_epoch());
  }

  // The same as a number of nanoseconds.
  [[nodiscard]] static rep count() noexcept { return now().time_since_epoch().count(); }

  // What it showed, or will show, at that time. Reads both clocks, several times: 0.3 us. Good to
  // some 50 ns for a time that is near.
  [[nodiscard]] static rep count_at(std::chrono::steady_clock::time_point when) noexcept;

 private:
#if defined(__x86_64__)
  // Nanoseconds = ticks * scale / 2^32.
  [[nodiscard]] static rep nanoseconds_of(std::uint64_t ticks) noexcept {
    __extension__ using wide = unsigned __int128;
    return static_cast<rep>((static_cast<wide>(ticks) * scale) >> 32);
  }
#endif

  static std::uint64_t scale;  // 0: steady_clock. Written by calibrate and stand_still alone.
};

}  // namespace parwork::detail
