#include "jobs/lane_loads.hpp"

#include <algorithm>

namespace cli {

std::size_t lane_loads::add() {
  const mutex_lock lock(mutex_);
  lanes_.emplace_back();
  return lanes_.size() - 1;
}

wake_up& lane_loads::wake_up_of(std::size_t lane) {
  const mutex_lock lock(mutex_);
  return lanes_[lane].lane;
}

bool lane_loads::all_busy() const {
  const mutex_lock lock(mutex_);
  return std::ranges::all_of(lanes_, [](const entry& each) { return each.jobs > 0; });
}

void lane_loads::set(std::size_t lane, std::size_t jobs) {
  const mutex_lock lock(mutex_);
  lanes_[lane].jobs = jobs;
}

bool lane_loads::may_take(std::size_t lane, std::size_t has) {
  const mutex_lock lock(mutex_);
  lanes_[lane].jobs = has;
  entry& least = idlest();
  if (has > least.jobs) {
    wake(least);
    return false;
  }
  ++lanes_[lane].jobs;
  return true;
}

lane_loads::entry& lane_loads::idlest() {
  return *std::ranges::min_element(lanes_, {}, &entry::jobs);
}

void lane_loads::wake(entry& which) noexcept {
  ++which.jobs;
  which.lane.set();
}

void lane_loads::wake_idlest() {
  const mutex_lock lock(mutex_);
  wake(idlest());
}

void lane_loads::wake_all() noexcept {
  const mutex_lock lock(mutex_);
  for (entry& each : lanes_) each.lane.set();
}

}  // namespace cli
