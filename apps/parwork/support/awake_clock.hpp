// Time without that during which this process was stopped, by Ctrl-Z say: no timeout, grace, rate
// or estimate counts it. The jobs are stopped meanwhile, too.
//
// Thread safety: any thread may read it; one thread stops it and lets it go on.
//
// Invariant: it is still from `stand_still` until `go_on`, whichever thread the kernel lets run
// first when the process goes on.
#pragma once

#include <chrono>

namespace cli {

class awake_clock {
 public:
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<awake_clock>;
  static constexpr bool is_steady = true;  // but for the time that it leaves out

  [[nodiscard]] static time_point now() noexcept;

  static void stand_still() noexcept;
  static void go_on() noexcept;
};

}  // namespace cli
