#include "jobs/run_ending.hpp"

#include <utility>

namespace cli {

parwork::failure not_started() { return {parwork::failure_kind::cancelled, "not started"}; }

void run_ending::stop_starting() {
  if (!queue_.stop()) return;
  stop_();
  for (waiting_job& each : queue_.drop_waiting()) each.done.fail(not_started());
}

void run_ending::end_jobs(cause why) {
  if (!ending_) {
    cause_ = why;
    ending_ = true;
  }
  stop_starting();
  lanes_.wake_all();
}

void run_ending::kill_jobs() {
  killing_ = true;
  end_jobs(cause::interrupted);
}

void run_ending::fail(std::exception_ptr why) noexcept {
  {
    const mutex_lock lock(mutex_);
    if (!fault_) fault_ = std::move(why);
  }
  end_jobs(cause::halted);
}

void run_ending::refuse(refusal why) {
  {
    const mutex_lock lock(mutex_);
    if (!refusal_) refusal_ = std::move(why);
  }
  end_jobs(cause::halted);
}

std::exception_ptr run_ending::fault() const {
  const mutex_lock lock(mutex_);
  return fault_;
}

std::optional<refusal> run_ending::refused() const {
  const mutex_lock lock(mutex_);
  return refusal_;
}

void run_ending::order_signal(int number, std::size_t lanes) {
  {
    const mutex_lock lock(mutex_);
    signal_ = {signal_.number + 1, number};
    lanes_to_obey_ = lanes;
  }
  lanes_.wake_all();
}

void run_ending::wait_until_obeyed() {
  const mutex_lock lock(mutex_);
  while (lanes_to_obey_ > 0) obeyed_all_.wait(mutex_);
}

signal_order run_ending::last_signal() const {
  const mutex_lock lock(mutex_);
  return signal_;
}

void run_ending::obeyed(std::uint64_t order) {
  const mutex_lock lock(mutex_);
  if (order != signal_.number || lanes_to_obey_ == 0) return;
  --lanes_to_obey_;
  if (lanes_to_obey_ == 0) obeyed_all_.notify_all();
}

}  // namespace cli
