#include "nats/first_states.hpp"

#include <algorithm>
#include <utility>

namespace parwork::nats::detail {

namespace {

// All have heard the same call: this is for the differences of their ways and their machines. A new
// job pays it once, too, as it cannot know that nothing is kept.
constexpr std::chrono::milliseconds longest_settling(200);
// Who has begun and says nothing for so many heartbeats is frozen, or cut off.
constexpr int most_silent_heartbeats = 3;
// There is a look each heartbeat.
constexpr int stalled_heartbeats = 2;

}  // namespace

first_states::first_states(const submitter_settings& of)
    : heartbeat_(of.heartbeat),
      settling_(std::min<std::chrono::nanoseconds>(of.heartbeat, longest_settling)),
      are_here_(of.job.empty()) {}

void first_states::is_to_come(const session_id& worker, time_point now) {
  if (are_here_) return;
  if (to_come_.size() < most_to_come || to_come_.contains(worker)) to_come_[worker] = now;
}

void first_states::has_come(const session_id& worker, time_point now) noexcept {
  to_come_.erase(worker);
  if (!are_here_ && !settled_at_) settled_at_ = now + settling_;
}

void first_states::start_anew(time_point now) noexcept {
  if (!are_here_ && settled_at_) settled_at_ = now + settling_;
}

bool first_states::are_here(time_point now) noexcept {
  const auto due = next_look();
  const auto looked_at = std::exchange(looked_at_, now);
  if (are_here_ || !due || now < *due) return are_here_;
  if (now >= std::max(*due, looked_at) + stalled_heartbeats * heartbeat_) {
    // This process was frozen, and has not read what has come meanwhile.
    start_anew(now);
    return false;
  }
  are_here_ = true;
  to_come_.clear();
  return true;
}

std::optional<time_point> first_states::next_look() const noexcept {
  if (are_here_ || !settled_at_) return std::nullopt;
  time_point look = *settled_at_;
  for (const auto& [worker, heard_at] : to_come_) {
    look = std::max(look, heard_at + most_silent_heartbeats * heartbeat_);
  }
  return look;
}

}  // namespace parwork::nats::detail
