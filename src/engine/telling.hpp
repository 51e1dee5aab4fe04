// What a run tells of itself: progress while it goes on, and a summary at its end.
//
// Thread safety: `now` from any thread while the run goes on; `counted` after it, when every worker
// has left. Owns nothing: reads the other parts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "engine/credits.hpp"
#include "engine/ending.hpp"
#include "engine/gatekeeping.hpp"
#include "engine/returning_items.hpp"
#include "engine/roster.hpp"
#include "engine/run_shape.hpp"
#include "engine/wakeups.hpp"
#include "parwork/progress.hpp"
#include "parwork/summary.hpp"

namespace parwork::detail {

class telling {
 public:
  // `total`: the number of items, if it is known; it may be set until the run begins.
  telling(const run_shape& shape, const std::optional<std::uint64_t>& total,
          clock::time_point started, const roster& workers, const credits& its_credits,
          const wakeups& wakes, const gatekeeping& gate, const ending& its_end,
          const returning_items& returning) noexcept
      : shape_(shape),
        total_(total),
        workers_(workers),
        credits_(its_credits),
        wakeups_(wakes),
        gate_(gate),
        ending_(its_end),
        returning_(returning),
        started_(started) {}
  telling(const telling&) = delete;
  telling& operator=(const telling&) = delete;

  [[nodiscard]] clock::time_point started() const noexcept { return started_; }
  [[nodiscard]] progress now() const;
  [[nodiscard]] summary counted() const;

 private:
  void attribute_time(summary& s) const;

  const run_shape& shape_;
  const std::optional<std::uint64_t>& total_;
  const roster& workers_;
  const credits& credits_;
  const wakeups& wakeups_;
  const gatekeeping& gate_;
  const ending& ending_;
  const returning_items& returning_;
  const clock::time_point started_;
};

}  // namespace parwork::detail
