#include "recording/remote_lanes.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "recording/recording.hpp"

namespace parwork::detail {

namespace {

constexpr std::size_t most_remote = 1024;
constexpr std::size_t least_remote_budget = 64 * sizeof(slice);

}  // namespace

void remote_lanes::reset(recording& owner, std::size_t memory, std::int64_t from) {
  const lock_guard guard(lock_);
  owner_ = &owner;
  memory_ = memory;
  from_ = from;
  is_open_ = true;
  lanes_.clear();
}

// Nobody knows how many there will be. So the first have room, and less when more come: shares go
// down by half, that lanes are not thinned each time.
std::size_t remote_lanes::share_of(std::size_t lanes) const noexcept {
  constexpr std::size_t few = 16;
  return std::max(least_remote_budget, memory_ / std::max(few, std::bit_ceil(lanes)));
}

std::uint32_t remote_lanes::named(const std::string& name) {
  const lock_guard guard(lock_);
  const auto found = std::ranges::find(lanes_, name, [](const auto& each) { return each->name; });
  if (found == lanes_.end()) {
    if (!is_open_ || lanes_.size() == most_remote) return 0;
    const std::size_t share = share_of(lanes_.size() + 1);
    lanes_.push_back(std::make_unique<named_lane>(*owner_, share, from_, name));
    for (const auto& each : lanes_) each->its.limit_memory(share);
    return static_cast<std::uint32_t>(lanes_.size());
  }
  return static_cast<std::uint32_t>(found - lanes_.begin()) + 1;
}

void remote_lanes::add(std::uint32_t number, const slow_item& what) noexcept {
  const lock_guard guard(lock_);
  if (is_open_ && number > 0 && number <= lanes_.size()) lanes_[number - 1]->its.add_span(what);
}

void remote_lanes::close(std::int64_t now) {
  const lock_guard guard(lock_);
  is_open_ = false;
  for (const auto& each : lanes_) each->its.close(now);
}

}  // namespace parwork::detail
