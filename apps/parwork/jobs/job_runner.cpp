#include "jobs/job_runner.hpp"

#include <algorithm>
#include <utility>

#include "parwork/cpus.hpp"

namespace cli {
namespace {

// More threads than that start nothing sooner: they wait for one CPU each.
unsigned most_lanes(const run_settings& settings) {
  return std::min(settings.most_workers, std::max(parwork::available_cpus(), 1U));
}

}  // namespace

job_runner::job_runner(const runner_parts& parts, std::function<void()> stop)
    : job_engine(parts.settings, parts.ledger, std::move(stop)),
      interrupted_(parts.interrupted),
      terminal_(parts.settings.tty ? std::make_unique<job_terminal>(parts.settings) : nullptr),
      parts_{parts.settings,  parts.command, parts.store,
             parts.writer,    parts.live,    queue,
             loads,           ledger,        ending,
             parts.run,       parts.results, parts.settings.limits.memory ? &yields_ : nullptr,
             terminal_.get(), interrupted_,  stops_},
      starters_(parts.starters),
      most_lanes_(most_lanes(parts.settings)) {}

job_runner::~job_runner() {
  ending.close();
  loads.wake_all();
  const mutex_lock lock(mutex_);
  lanes_.clear();
}

// False where it cannot be made for lack of resources, and another one does without.
bool job_runner::add_lane() {
  try {
    lanes_.push_back(std::make_unique<lane>(parts_, starters_()));
    return true;
  } catch (...) {
    if (!lanes_.empty()) return false;
    ending.fail(std::current_exception());
    return true;
  }
}

// The lane with the least to do, or a new one while each has something. Where the next job may not
// be started yet the lane waits until then.
void job_runner::wake() {
  if (!queue.next_start()) return;
  {
    const mutex_lock lock(mutex_);
    if (lanes_.size() < most_lanes_ && loads.all_busy()) {
      if (add_lane()) return;  // it looks by itself
    }
  }
  loads.wake_idlest();
}

void job_runner::set_slots(unsigned slots) {
  queue.set_slots(std::min(slots, parts_.settings.most_workers));
  loads.wake_all();
  wake();  // there may be too few
}

void job_runner::allow_starts(std::uint64_t starts) {
  queue.change_gate([starts](start_gate& gate) { gate.allow(starts); });
  if (starts > 0) wake();
}

void job_runner::end_youngest() {
  if (yields_.choose_youngest()) loads.wake_all();
}

void job_runner::look_for_stopped() {
  ++stops_;
  loads.wake_all();
}

void job_runner::suspend_jobs() {
  queue.change_gate([](start_gate& gate) { gate.hold(); });
  order_signal(SIGSTOP);
}

void job_runner::continue_jobs() {
  queue.change_gate([](start_gate& gate) { gate.go_on(); });
  order_signal(SIGCONT);
  wake();  // there may be none yet
}

void job_runner::order_signal(int number) {
  {
    const mutex_lock lock(mutex_);
    ending.order_signal(number, lanes_.size());
  }
  ending.wait_until_obeyed();
}

}  // namespace cli
