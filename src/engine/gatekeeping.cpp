#include "engine/gatekeeping.hpp"

#include <algorithm>

namespace parwork::detail {

// --- Workers ---

void gatekeeping::came(unsigned number) noexcept {
  if (!is_controlled_) return;
  const lock_guard guard(lock_);
  inside_[number] = true;
  if (!is_surplus(number)) return;
  ++surplus_;
  set_bit(attention_surplus, true);
}

void gatekeeping::went(unsigned number) noexcept {
  if (!is_controlled_) return;
  const lock_guard guard(lock_);
  inside_[number] = false;
  if (is_surplus(number) && --surplus_ == 0) set_bit(attention_surplus, false);
}

void gatekeeping::count_surplus() noexcept {
  const auto beyond = std::min<std::ptrdiff_t>(limit_.load(), std::ssize(inside_));
  surplus_ = static_cast<unsigned>(std::count(inside_.begin() + beyond, inside_.end(), true));
  set_bit(attention_surplus, surplus_ > 0);
}

void gatekeeping::set_bit(attention which, bool is_on) noexcept {
  const bool was_on = (attention_.load() & which) != 0;
  if (is_on && !was_on) attention_.fetch_or(which);
  if (!is_on && was_on) attention_.fetch_and(~std::uint32_t{which});
}

// --- Control ---

void gatekeeping::begin_paused(clock::time_point at) noexcept {
  const lock_guard guard(lock_);
  paused_at_ = at;
  set_bit(attention_paused, true);
}

void gatekeeping::pause() noexcept {
  const lock_guard guard(lock_);
  if (is_stopped_ || is_paused()) return;
  paused_at_ = clock::now();
  set_bit(attention_paused, true);
}

void gatekeeping::end_pause() noexcept {
  if (!is_paused()) return;
  paused_ += clock::now() - paused_at_;
  set_bit(attention_paused, false);
}

void gatekeeping::resume() noexcept {
  {
    const lock_guard guard(lock_);
    if (!is_paused()) return;
    end_pause();
  }
  wakeups_.wake_owner(shape_.generator_thread, wakeups_.generator_place());
  wakeups_.notify();
}

void gatekeeping::stop() noexcept {
  const lock_guard guard(lock_);
  is_stopped_ = true;
  end_pause();
}

// First the limit, then who may come by it.
void gatekeeping::set_limit(unsigned workers) noexcept {
  const unsigned limit = std::min(workers, shape_.most());
  {
    const lock_guard guard(lock_);
    if (limit == limit_.load()) return;
    limit_.store(limit);
    most_ = std::max(most_, limit);
    count_surplus();
  }
  wakeups_.limit_numbers(limit);
  pool_.allow(wakeups_, limit - 1);
  wakeups_.notify();
}

// --- Telling ---

std::chrono::nanoseconds gatekeeping::paused_by(clock::time_point now) const noexcept {
  if (!is_controlled_) return {};
  const lock_guard guard(lock_);
  return is_paused() ? paused_ + std::max(clock::duration{0}, now - paused_at_) : paused_;
}

unsigned gatekeeping::most() const noexcept {
  if (!is_controlled_) return limit_.load();
  const lock_guard guard(lock_);
  return most_;
}

}  // namespace parwork::detail
