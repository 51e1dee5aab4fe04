// The timetable of a rate limit, and the wait for it.
//
// Thread safety: none for a pace; wait_until may be called by any number of threads at once.
#pragma once

#include <chrono>
#include <stop_token>

namespace parwork::detail {

/// When the next item may be taken. Knows no clock: times are handed in.
///
/// Invariant: an item that is late by more than `made_up_for` moves the whole timetable, so a pause
/// is never followed by a burst. Less than that is made up for by the items behind it: waking a
/// thread takes that long, and the rate would otherwise stay below what was asked for.
class pace {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds made_up_for{1};

  /// Throws `std::invalid_argument` unless `per_second` is above 0. Infinity: no limit.
  explicit pace(double per_second);

  /// When the next item may be taken; in the past before the first one.
  [[nodiscard]] clock::time_point due() const noexcept { return due_; }

  /// An item was taken at `now`.
  void taken(clock::time_point now) noexcept;

 private:
  std::chrono::nanoseconds slot_;
  clock::time_point due_ = clock::time_point::min();
};

enum class wait_end { due, stopped };

/// Blocks until `when`, or until `stop` is requested: then it returns at once. Sleeps all the
/// while.
[[nodiscard]] wait_end wait_until(pace::clock::time_point when, const std::stop_token& stop);

}  // namespace parwork::detail
