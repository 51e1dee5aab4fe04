#include "nats/untaken_results.hpp"

#include <algorithm>

namespace parwork::nats::detail {

void untaken_results::add(const owned_batch_ptr& finished, time_point now) {
  if (finished->place_in_untaken != 0) return;
  kept_.emplace(added_ + 1, entry{finished, now});
  finished->place_in_untaken = ++added_;
  bytes_ += finished->bytes();
}

void untaken_results::remove(owned_batch& its) noexcept {
  if (its.place_in_untaken == 0) return;
  bytes_ -= its.bytes();
  kept_.erase(std::exchange(its.place_in_untaken, 0));
}

untaken_results::time_point untaken_results::end_of(const entry& its) const noexcept {
  return its.since + std::min<time_point::duration>(at_most_, time_point::max() - its.since);
}

std::vector<owned_batch_ptr> untaken_results::overdue(time_point now) {
  std::vector<owned_batch_ptr> gone;
  while (!kept_.empty()) {
    const entry& oldest = kept_.begin()->second;
    if (bytes_ <= most_bytes_ && now < end_of(oldest)) break;
    gone.push_back(oldest.its);
    remove(*gone.back());
  }
  return gone;
}

std::optional<untaken_results::time_point> untaken_results::deadline() const noexcept {
  if (kept_.empty()) return std::nullopt;
  return end_of(kept_.begin()->second);
}

}  // namespace parwork::nats::detail
