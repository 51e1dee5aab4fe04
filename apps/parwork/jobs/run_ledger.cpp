#include "jobs/run_ledger.hpp"

#include "support/units.hpp"

namespace cli {

bool run_ledger::is_last_attempt(const outcome& ended) const noexcept {
  return ended.succeeded() || !ended.can_be_repeated || ended.attempt > parts_.retries;
}

bool run_ledger::ended(job& which, const outcome& what, run_state run) {
  if (is_last_attempt(what)) which.end = ++ends_;
  const bool for_good = is_for_good(what, run);
  which.is_over = for_good;
  if (parts_.record != nullptr) {
    const auto start = std::chrono::steady_clock::now() - parts_.begin;
    parts_.record->add(which.name(), what, start - nanoseconds_of(what.duration),
                       for_good ? attempt_fate::for_good : attempt_fate::to_be_repeated);
  }
  const bool counts = what.why != cause::halted && what.why != cause::interrupted;
  if (!for_good || !counts) return false;
  ++(what.succeeded() ? counts_.succeeded : counts_.failed);
  return parts_.halt.note(what);
}

void run_ledger::log_end(const job& which, const outcome& what) {
  parts_.log.attempt_ended(which, what,
                           which.is_over ? output_in_log::left_out : output_in_log::included);
}

}  // namespace cli
