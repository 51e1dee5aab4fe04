#include "nats/remote_recording.hpp"

#include <exception>
#include <string>

namespace parwork::nats::detail {

void remote_recording::begin(recorder* into) noexcept {
  const parwork::detail::lock_guard guard(lock_);
  into_ = into;
  lanes_.clear();  // they are a run's
}

bool remote_recording::is_on() const noexcept {
  const parwork::detail::lock_guard guard(lock_);
  return into_ != nullptr;
}

void remote_recording::add(const remote_execution& what) noexcept {
  if (what.thread == 0 || what.thread > what.worker.threads) return;  // a worker's word
  const parwork::detail::lock_guard guard(lock_);
  if (into_ == nullptr) return;
  try {
    into_->add_remote(lane_of(what.worker, what.thread), what.items.first, what.items.count,
                      what.items.failed, what.start, what.duration);
  } catch (const std::exception&) {
    // No memory, or the run that is recorded is over: the timeline has less, nothing else.
    into_ = nullptr;
  }
}

remote_lane_id remote_recording::lane_of(const remote_worker& worker, std::uint32_t thread) {
  std::vector<remote_lane_id>& lanes = lanes_[worker.id];
  if (lanes.size() < thread) lanes.resize(thread, remote_lane_id::none);
  remote_lane_id& lane = lanes[thread - 1];
  if (lane == remote_lane_id::none) {
    lane = into_->remote_lane(worker.name() + ", thread " + std::to_string(thread));
  }
  return lane;
}

}  // namespace parwork::nats::detail
