#include "engine/timer.hpp"

#include <utility>

namespace parwork::detail {

timer::~timer() {
  std::thread finished;
  {
    const lock_guard guard(lock_);
    stopping_ = true;
    finished = std::move(thread_);
    alarm_.set(std::chrono::steady_clock::now());
  }
  if (finished.joinable()) finished.join();
}

void timer::start() {
  const lock_guard guard(lock_);
  thread_ = std::thread([this] { thread_main(); });
}

void timer::schedule(timer_entry& entry, std::chrono::steady_clock::time_point when) {
  const lock_guard guard(lock_);
  entry.place_ = entries_.emplace(when, &entry);
  entry.scheduled_ = true;
  if (entry.place_ == entries_.begin()) alarm_.set(when);
}

bool timer::cancel(timer_entry& entry) noexcept {
  {
    const lock_guard guard(lock_);
    if (entry.scheduled_) {
      entries_.erase(entry.place_);
      entry.scheduled_ = false;
      return true;
    }
  }
  if (thread_id_.load() != std::this_thread::get_id()) {
    while (firing_.load() == &entry) firing_.wait(&entry);
  }
  return false;
}

timer_entry* timer::take_due(std::chrono::steady_clock::time_point now) {
  if (entries_.empty() || entries_.begin()->first > now) return nullptr;
  timer_entry* const due = entries_.begin()->second;
  entries_.erase(entries_.begin());
  due->scheduled_ = false;
  firing_.store(due);
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

void timer::thread_main() noexcept {
  thread_id_.store(std::this_thread::get_id());
  for (;;) {
    timer_entry* due = nullptr;
    {
      const lock_guard guard(lock_);
      if (stopping_) return;
      due = take_due(std::chrono::steady_clock::now());
      if (due == nullptr) alarm_.set(next_look());
    }
    if (due != nullptr) {
      due->fire();
      firing_.store(nullptr);
      firing_.notify_all();
    } else {
      alarm_.wait();
    }
  }
}

}  // namespace parwork::detail
