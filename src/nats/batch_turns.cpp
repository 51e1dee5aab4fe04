#include "nats/batch_turns.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace parwork::nats::detail {

void batch_turns::add(owned_batch_ptr queued) {
  const bool is_alone = queued->what.how == care::alone;
  const std::uint64_t arrival = queued->arrival;
  if (is_alone) alone_.insert(arrival);
  try {
    const auto its = std::ranges::find(lines_, queued->what.session, &line::of);
    if (its != lines_.end()) return its->waiting.push_back(std::move(queued));
    lines_.push_back({queued->what.session, {std::move(queued)}});
  } catch (const std::bad_alloc&) {
    alone_.erase(arrival);
    throw;
  }
}

void batch_turns::forget(const owned_batch& queued) noexcept { alone_.erase(queued.arrival); }

bool batch_turns::remove(const owned_batch& queued) {
  const auto its = std::ranges::find(lines_, queued.what.session, &line::of);
  if (its == lines_.end()) return false;
  const auto place = std::ranges::find_if(
      its->waiting, [&](const owned_batch_ptr& each) { return each.get() == &queued; });
  if (place == its->waiting.end()) return false;
  forget(queued);
  its->waiting.erase(place);
  if (its->waiting.empty()) lines_.erase(its);
  return true;
}

std::vector<owned_batch_ptr> batch_turns::remove_all(const session_id& of) {
  std::vector<owned_batch_ptr> removed;
  const auto its = std::ranges::find(lines_, of, &line::of);
  if (its == lines_.end()) return removed;
  removed.assign(std::make_move_iterator(its->waiting.begin()),
                 std::make_move_iterator(its->waiting.end()));
  for (const auto& each : removed) forget(*each);
  lines_.erase(its);
  return removed;
}

std::vector<owned_batch_ptr> batch_turns::remove_all() {
  std::vector<owned_batch_ptr> removed;
  for (line& each : lines_) {
    removed.insert(removed.end(), std::make_move_iterator(each.waiting.begin()),
                   std::make_move_iterator(each.waiting.end()));
  }
  lines_.clear();
  alone_.clear();
  return removed;
}

std::size_t batch_turns::turn() const noexcept {
  if (one_runs_alone_) return lines_.size();
  const std::uint64_t bound =
      alone_.empty() ? std::numeric_limits<std::uint64_t>::max() : *alone_.begin();
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const std::size_t at = (first_ + i) % lines_.size();
    if (lines_[at].waiting.front()->arrival < bound) return at;
  }
  if (alone_.empty() || running_ > 0) return lines_.size();
  // All that arrived before it has ended, so that it is the first of its line.
  const auto its = std::ranges::find(
      lines_, bound, [](const line& each) { return each.waiting.front()->arrival; });
  return static_cast<std::size_t>(its - lines_.begin());
}

bool batch_turns::may_begin() const noexcept { return turn() < lines_.size(); }

owned_batch_ptr batch_turns::next() {
  const std::size_t at = turn();
  if (at == lines_.size()) return nullptr;
  std::deque<owned_batch_ptr>& waiting = lines_[at].waiting;
  owned_batch_ptr taken = std::move(waiting.front());
  waiting.pop_front();
  forget(*taken);
  ++running_;
  one_runs_alone_ = taken->what.how == care::alone;
  first_ = at + 1;
  if (waiting.empty()) {
    lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(at));
    first_ = at;
  }
  return taken;
}

void batch_turns::ended(const owned_batch& was) noexcept {
  --running_;
  if (was.what.how == care::alone) one_runs_alone_ = false;
}

}  // namespace parwork::nats::detail
