#include "engine/returning_items.hpp"

#include <exception>
#include <iterator>
#include <utility>

#include "base/saturating_add.hpp"

namespace parwork::detail {

// --- Retries ---

void returning_items::retry_wait::fire() noexcept {
  returning_items& owner = owner_;  // this object goes with its place in the list
  batch& lone = lone_;
  const lock_guard guard(owner.lock_);
  if (!listed_) return;
  owner.record_wait(*this);
  owner.waiting_.erase(place_);
  owner.offer(lone);
}

void returning_items::put_to_wait(batch& lone) noexcept {
  if (lone.wait.count() == 0 || !schedule(lone)) offer(lone);
}

// False if the run is stopping, or has no memory or thread for the timer.
bool returning_items::schedule(batch& lone) noexcept {
  const lock_guard guard(lock_);
  if (ending_.is_stopping()) return false;
  const std::size_t before = waiting_.size();
  try {
    auto& entry = waiting_.emplace_back(*this, lone);
    entry.place_ = std::prev(waiting_.end());
    if (recording_ != nullptr) {
      entry.recorded_ = {recording_->waiting().take(), tick_clock::count() - recording_->origin()};
    }
    timers_.schedule(entry, saturating_add(clock::now(), lone.wait));
    return true;
  } catch (const std::exception&) {
    if (waiting_.size() > before) waiting_.pop_back();
    return false;
  }
}

void returning_items::release() noexcept {
  std::list<retry_wait> released;
  {
    const lock_guard guard(lock_);
    released.swap(waiting_);
    for (auto& each : released) each.listed_ = false;  // the timer leaves these to us from now on
  }
  for (auto& each : released) timers_.cancel(each);
  for (const auto& each : released) record_wait(each);
  for (auto& each : released) offer(each.lone_);
}

void returning_items::offer(batch& lone) noexcept {
  offered_.put(lone);
  wakeups_.notify();
}

void returning_items::record_wait(const retry_wait& over) noexcept {
  const started_attempt& begun = over.recorded_;
  if (recording_ == nullptr) return;
  const std::int64_t now = tick_clock::count() - recording_->origin();
  recording_->waiting().end(begun.place, {.duration = now - begun.start,
                                          .start = begun.start,
                                          .index = over.lone_.first_index,
                                          .attempt = over.lone_.attempts + 1});
}

// --- Asynchronous items ---

void returning_items::put_finished(batch& lone) noexcept {
  const lock_guard guard(lock_);
  lone.next = finished_;
  finished_ = &lone;
  finished_count_.fetch_add(1);
  wakeups_.notify();
}

batch* returning_items::take_finished() noexcept {
  if (!has_finished()) return nullptr;
  batch* oldest = nullptr;
  const lock_guard guard(lock_);
  while (finished_ != nullptr) {
    batch* const b = std::exchange(finished_, finished_->next);
    b->next = oldest;
    oldest = b;
  }
  finished_count_.store(0);
  return oldest;
}

}  // namespace parwork::detail
