#include "engine/timer.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace parwork::detail {

timer::~timer() {
  std::vector<std::thread> threads;
  {
    const lock_guard guard(lock_);
    stopping_ = true;
    threads.swap(threads_);
    alarm_.set(std::chrono::steady_clock::now());
  }
  changed_.notify_all();
  for (std::thread& each : threads) each.join();
}

void timer::start() {
  const lock_guard guard(lock_);
  add_thread();
}

void timer::schedule(timer_entry& entry, std::chrono::steady_clock::time_point when) {
  const lock_guard guard(lock_);
  entry.place_ = entries_.emplace(when, &entry);
  entry.scheduled_ = true;
  if (entry.place_ == entries_.begin()) alarm_.set(when);
}

bool timer::cancel(timer_entry& entry) noexcept {
  const lock_guard guard(lock_);
  if (entry.scheduled_) {
    entries_.erase(entry.place_);
    entry.scheduled_ = false;
    return true;
  }
  while (is_being_fired_by_others(entry)) changed_.wait(lock_);
  return false;
}

bool timer::is_being_fired_by_others(const timer_entry& entry) const noexcept {
  return std::ranges::any_of(calls_, [&](const std::unique_ptr<call>& each) {
    return each->entry == &entry && each->by != std::this_thread::get_id();
  });
}

timer_entry* timer::take_due(std::chrono::steady_clock::time_point now) {
  if (entries_.empty() || entries_.begin()->first > now) return nullptr;
  timer_entry* const due = entries_.begin()->second;
  entries_.erase(entries_.begin());
  due->scheduled_ = false;
  return due;
}

// When to look again, where nothing is due. Once nothing is scheduled any more the thread stays up
// for a while: to wake it would cost whoever schedules the next entry some 6 us.
std::chrono::steady_clock::time_point timer::next_look() noexcept {
  constexpr std::chrono::milliseconds stay_up{4};
  const bool idle = entries_.empty();
  const bool was_idle = std::exchange(idle_, idle);
  if (!idle) return entries_.begin()->first;
  using std::chrono::steady_clock;
  return was_idle ? steady_clock::time_point::max() : steady_clock::now() + stay_up;
}

// --- Who leads ---

void timer::add_thread() {
  auto own = std::make_unique<call>();
  call& its = *own;
  calls_.reserve(calls_.size() + 1);
  threads_.emplace_back([this, &its] { thread_main(its); });
  calls_.push_back(std::move(own));
}

// False: there is nobody to take it.
bool timer::hand_over_lead() noexcept {
  try {
    if (followers_ == 0) add_thread();
  } catch (const std::exception&) {
    return false;  // no memory, or no more threads: what blocks holds up the others
  }
  is_led_ = false;
  return true;
}

void timer::thread_main(call& own) noexcept {
  while (wait_to_lead()) lead(own);
}

// False: the timer is being destroyed.
bool timer::wait_to_lead() {
  const lock_guard guard(lock_);
  ++followers_;
  while (is_led_ && !stopping_) changed_.wait(lock_);
  --followers_;
  if (stopping_) return false;
  is_led_ = true;
  return true;
}

// Returns when another thread leads, or the timer is being destroyed.
void timer::lead(call& own) {
  bool leads = true;
  while (leads) {
    {
      const lock_guard guard(lock_);
      own = {take_due(std::chrono::steady_clock::now()), std::this_thread::get_id()};
      if (stopping_) return;
      if (own.entry == nullptr) {
        alarm_.set(next_look());
      } else if (own.entry->whose_ == timer_entry::calls::users) {
        leads = !hand_over_lead();
      }
    }
    if (own.entry == nullptr) {
      alarm_.wait();
      continue;
    }
    if (!leads) changed_.notify_all();
    own.entry->fire();
    {
      const lock_guard guard(lock_);
      own.entry = nullptr;
    }
    changed_.notify_all();
  }
}

}  // namespace parwork::detail
