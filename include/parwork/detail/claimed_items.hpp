// The loop over a batch of the forms whose items may wait.
#pragma once

#include <cstdint>

#include "parwork/detail/run.hpp"

namespace parwork::detail {

// Calls `begin(i)` for each item that is to be worked on, until one goes on without its worker, and
// `cancelled(i)` for each that a stop has kept from it.
template <class Batch, class Begin, class Cancelled>
work_end for_claimed_items(worker_base& by, Batch& b, Begin&& begin, Cancelled&& cancelled) {
  item_cursor cursor(by, b);
  for (std::uint32_t i = b.start;; ++i) {
    const claim claimed = cursor.next(i);
    if (claimed == claim::done) return work_end::finished;
    if (claimed == claim::cancel) {
      b.cancel(i);
      cancelled(i);
    } else if (!b.take_known_outcome(i)) {
      const work_end how = begin(i);
      if (how != work_end::finished) return how;
    }
  }
}

}  // namespace parwork::detail
