#include "nats/reply_box.hpp"

#include <utility>

namespace parwork::nats::detail {

void reply_box::put(std::string_view bytes) {
  const parwork::detail::lock_guard guard(lock_);
  answers_.emplace_back(bytes);
  changed_.notify_all();
}

void reply_box::put_nobody() noexcept {
  const parwork::detail::lock_guard guard(lock_);
  nobody_ = true;
  changed_.notify_all();
}

reply_box::news reply_box::wait_until(clock::time_point then, std::string& into) {
  const parwork::detail::lock_guard guard(lock_);
  while (answers_.empty() && !std::exchange(nobody_, false)) {
    if (changed_.wait_until(lock_, then) == std::cv_status::timeout && answers_.empty()) {
      return news::silence;
    }
  }
  if (answers_.empty()) return news::nobody;
  into = std::move(answers_.front());
  answers_.erase(answers_.begin());
  return news::answer;
}

}  // namespace parwork::nats::detail
