#include "nats/submitter_inbox.hpp"

#include <utility>

namespace parwork::nats::detail {

void submitter_inbox::put(happening::any what) {
  bool wakes;
  {
    const parwork::detail::lock_guard guard(lock_);
    wakes = waiting_.empty();  // else whoever was first has woken the thread, or it is awake
    waiting_.push_back(std::move(what));
  }
  if (wakes) filled_.notify_one();
}

void submitter_inbox::close() noexcept {
  {
    const parwork::detail::lock_guard guard(lock_);
    is_closed_ = true;
  }
  filled_.notify_one();
}

submitter_inbox::state submitter_inbox::take(std::vector<happening::any>& into, time_point until) {
  into.clear();  // not under the lock: spans may be destroyed by it
  const parwork::detail::lock_guard guard(lock_);
  while (waiting_.empty() && !is_closed_ &&
         filled_.wait_until(lock_, until) == std::cv_status::no_timeout) {
  }
  waiting_.swap(into);
  return is_closed_ ? state::closed : state::open;
}

}  // namespace parwork::nats::detail
