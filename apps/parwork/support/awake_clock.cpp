#include "support/awake_clock.hpp"

#include <atomic>
#include <cstdint>

namespace cli {
namespace {

using rep = awake_clock::rep;
constexpr rep goes = -1;

std::atomic<rep> still_at{goes};  // a time of this clock
std::atomic<rep> left_out{0};

rep steady_now() noexcept {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

// A thread that was stopped between its readings takes them again: it would count the stop.
awake_clock::time_point awake_clock::now() noexcept {
  while (true) {
    const rep out = left_out;
    const rep now = steady_now() - out;
    const rep still = still_at;
    if (still != goes) return time_point(duration(still));
    if (left_out == out) return time_point(duration(now));
  }
}

void awake_clock::stand_still() noexcept { still_at = steady_now() - left_out; }

// In this order: who finds the clock going finds what it leaves out as well.
void awake_clock::go_on() noexcept {
  left_out = steady_now() - still_at;
  still_at = goes;
}

}  // namespace cli
