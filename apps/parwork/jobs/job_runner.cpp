#include "jobs/job_runner.hpp"

#include <algorithm>
#include <utility>

#include "parwork/cpus.hpp"

namespace cli {
namespace {

// More threads than that start nothing sooner: they wait for one CPU each.
unsigned most_lanes(const run_settings& settings) {
  return std::min(settings.workers, std::max(parwork::available_cpus(), 1U));
}

}  // namespace

job_runner::job_runner(const runner_parts& parts, std::function<void()> stop)
    : queue_(parts.settings.workers),
      ledger_(parts.ledger),
      ending_(queue_, loads_, std::move(stop)),
      parts_{parts.settings, parts.command, parts.store, parts.writer, parts.live,
             queue_,         loads_,        ledger_,     ending_,      parts.run},
      starters_(parts.starters),
      most_lanes_(most_lanes(parts.settings)) {}

job_runner::~job_runner() {
  ending_.close();
  loads_.wake_all();
  const mutex_lock lock(mutex_);
  lanes_.clear();
}

void job_runner::submit(job& which, parwork::completer<outcome> done) {
  which.submitted = true;
  waiting_job next{&which, std::move(done)};
  if (queue_.add(next)) {
    wake_lane();
  } else {
    next.done.fail(not_started());
  }
}

// False where it cannot be made for lack of resources, and another one does without.
bool job_runner::add_lane() {
  try {
    lanes_.push_back(std::make_unique<lane>(parts_, starters_()));
    return true;
  } catch (...) {
    if (!lanes_.empty()) return false;
    ending_.fail(std::current_exception());
    return true;
  }
}

// The lane with the least to do, or a new one while each has something.
void job_runner::wake_lane() {
  if (!queue_.has_next()) return;
  {
    const mutex_lock lock(mutex_);
    if (lanes_.size() < most_lanes_ && loads_.all_busy()) {
      if (add_lane()) return;  // it looks by itself
    }
  }
  loads_.wake_idlest();
}

void job_runner::order_signal(int number) {
  {
    const mutex_lock lock(mutex_);
    ending_.order_signal(number, lanes_.size());
  }
  ending_.wait_until_obeyed();
}

}  // namespace cli
