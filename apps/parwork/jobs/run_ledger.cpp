#include "jobs/run_ledger.hpp"

namespace cli {

bool run_ledger::is_last_attempt(const outcome& ended) const noexcept {
  return ended.succeeded() || !ended.can_be_repeated || ended.attempt > parts_.retries;
}

bool run_ledger::ended(job& which, const outcome& what, awake_clock::time_point begin,
                       run_state run) {
  if (is_last_attempt(what)) which.end = ++ends_;
  const bool for_good = is_for_good(what, run);
  which.is_over = for_good;
  if (parts_.record != nullptr) {
    parts_.record->add(which.name(), what, begin - parts_.begin,
                       for_good ? attempt_fate::for_good : attempt_fate::to_be_repeated);
  }
  const bool counts = what.why != cause::halted && what.why != cause::interrupted;
  if (!for_good || !counts) return false;
  ++(what.succeeded() ? counts_.succeeded : counts_.failed);
  return parts_.halt.note(what);
}

void run_ledger::gave_back(job& which, const outcome& what, awake_clock::time_point begin) {
  which.is_over = false;
  if (parts_.record != nullptr) {
    parts_.record->add(which.name(), what, begin - parts_.begin, attempt_fate::to_be_repeated);
  }
  log_end(which, what);
}

void run_ledger::log_end(const job& which, const outcome& what) {
  parts_.log.attempt_ended(which, what,
                           which.is_over ? output_in_log::left_out : output_in_log::included);
}

}  // namespace cli
