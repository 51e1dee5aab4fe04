#include "base/tick_clock.hpp"

#include <mutex>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace parwork::detail {

std::uint64_t tick_clock::scale = 0;

#if defined(__x86_64__)

namespace {

struct reading {
  std::uint64_t ticks;
  std::chrono::steady_clock::time_point time;
};

// The pair that lay closest together of a few, so that an interruption between the two does not
// count.
reading read_both() noexcept {
  reading best{};
  std::uint64_t least = ~std::uint64_t{0};
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t before = __rdtsc();
    const auto time = std::chrono::steady_clock::now();
    const std::uint64_t apart = __rdtsc() - before;
    if (apart >= least) continue;
    least = apart;
    best = {before + apart / 2, time};
  }
  return best;
}

// The processor says that its counter runs at one rate in all power states. Source: AMD64
// Architecture Programmer's Manual, volume 3, CPUID Fn8000_0007_EDX[8].
bool counter_is_invariant() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1U << 8)) != 0;
}

// Read when static objects are made: long before most runs, so that those need not wait. One that
// begins in the constructor of another static object may come first.
constinit reading at_start{};
[[maybe_unused]] const bool is_read = (at_start = read_both(), true);

std::uint64_t measure() noexcept {
  if (!counter_is_invariant()) return 0;
  const reading begin = at_start.ticks != 0 ? at_start : read_both();
  // Both readings are good to some 30 ns: a thousandth of this.
  constexpr std::chrono::nanoseconds long_enough = std::chrono::microseconds(50);
  reading end = read_both();
  while (end.time - begin.time < long_enough) end = read_both();
  const auto ticks = static_cast<long double>(end.ticks - begin.ticks);
  const auto ns = static_cast<long double>((end.time - begin.time).count());
  return ticks > 0 ? static_cast<std::uint64_t>(ns / ticks * 4294967296.0L) : 0;
}

}  // namespace

void tick_clock::calibrate() {
  static std::once_flag once;
  std::call_once(once, [] { scale = measure(); });
}

void tick_clock::stand_still() noexcept { scale = 1; }  // a nanosecond has 2^32 ticks

// From now, not from the start: over hours the two clocks go apart.
tick_clock::rep tick_clock::count_at(std::chrono::steady_clock::time_point when) noexcept {
  if (scale == 0) return duration(when.time_since_epoch()).count();
  const reading now = read_both();
  return nanoseconds_of(now.ticks) + duration(when - now.time).count();
}

#else

void tick_clock::calibrate() {}
void tick_clock::stand_still() noexcept {}
tick_clock::rep tick_clock::count_at(std::chrono::steady_clock::time_point when) noexcept {
  return duration(when.time_since_epoch()).count();
}

#endif

}  // namespace parwork::detail
