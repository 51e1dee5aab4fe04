#include "nats/incoming_parts.hpp"

namespace parwork::nats::detail {

part_taken incoming_parts::take(const session_id& from, acquaintance with, const part& what,
                                time_point now) {
  if (with == acquaintance::unknown) {
    // It sends again what is not acknowledged.
    if (!strangers_.contains(from) && strangers_.size() >= most_strangers) return {};
    strangers_[from] = now;
  }
  return assembler_.take(from, what);
}

void incoming_parts::forget(const session_id& worker) noexcept {
  strangers_.erase(worker);
  assembler_.forget(worker);
}

void incoming_parts::forget_strangers(time_point before) noexcept {
  for (auto at = strangers_.begin(); at != strangers_.end();) {
    if (at->second >= before) {
      ++at;
      continue;
    }
    assembler_.forget(at->first);
    at = strangers_.erase(at);
  }
}

}  // namespace parwork::nats::detail
