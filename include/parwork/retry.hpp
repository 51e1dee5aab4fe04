// When a failed item is tried again, and how long it waits before that.
#pragma once

#include <chrono>
#include <functional>

#include "parwork/failure.hpp"
#include "parwork/option_values.hpp"

namespace parwork {

/// How often work is tried on one item. The default is a single attempt.
///
/// The wait before attempt n + 1 is `backoff * multiplier^(n-1)`, at most `max_backoff`, then made
/// shorter or longer at random by up to `jitter` of itself. No worker is held while an item waits;
/// the item stays in flight, so `options::queue` also bounds how many wait at once. On a stop, an
/// item that waits arrives at once with the failure of its last attempt.
struct retry_policy {
  /// Attempts on one item, the first one included. 1: no retry. 0 is refused by `process`.
  unsigned max_attempts = 1;

  /// Wait before the second attempt. 0: try again at once. Negative values are refused.
  time_span backoff = {};

  /// Each further wait is that much longer. Values below 1 and NaN are refused.
  double multiplier = 2.0;

  /// No wait grows beyond this, jitter aside. Negative values are refused.
  time_span max_backoff = std::chrono::seconds(30);

  /// Share of each wait by which it is randomly shortened or lengthened, so that items that failed
  /// together do not come back together. From 0 to 1; others are refused.
  double jitter = 0.1;

  /// Whether this failure is worth another attempt. Empty: every failure but a cancelled one.
  /// Called on workers, by several at once. An exception leaving it ends the run as one leaving
  /// the collector does.
  std::function<bool(const failure&)> retry_if = {};
};

}  // namespace parwork
