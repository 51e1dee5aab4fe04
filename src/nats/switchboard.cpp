#include "nats/switchboard.hpp"

#include <new>
#include <utility>

namespace parwork::nats::detail {

using parwork::detail::lock_guard;

void switchboard::connect(const std::string& prefix, const std::function<link_listener&()>& make) {
  const lock_guard guard(lock_);
  const auto [place, is_new] = listeners_.try_emplace(prefix, nullptr);
  try {
    place->second = &make();
  } catch (...) {
    listeners_.erase(place);
    throw;
  }
}

void switchboard::disconnect(const std::string& prefix) noexcept {
  const lock_guard guard(lock_);
  listeners_.erase(prefix);
}

void switchboard::connect(const std::string& subject, std::shared_ptr<reply_box> box) {
  const lock_guard guard(lock_);
  boxes_.insert_or_assign(subject, std::move(box));
}

void switchboard::disconnect_box(const std::string& subject) noexcept {
  const lock_guard guard(lock_);
  boxes_.erase(subject);
}

void switchboard::announce(const std::string& subject) {
  const lock_guard guard(lock_);
  for_all_.insert(subject);
}

// The candidates are those that sort at or before the subject: a prefix does.
link_listener* switchboard::listener_of(std::string_view subject) const noexcept {
  auto next = listeners_.upper_bound(subject);
  while (next != listeners_.begin()) {
    --next;
    if (subject.starts_with(next->first)) return next->second;
  }
  return nullptr;
}

template <class Tell>
void switchboard::tell_all(Tell&& tell) noexcept {
  for (const auto& [prefix, listener] : listeners_) tell(*listener);
}

void switchboard::message(std::string_view subject, std::string_view reply,
                          std::string_view bytes) noexcept {
  const lock_guard guard(lock_);
  if (for_all_.contains(subject)) {
    tell_all([&](link_listener& each) { each.message(subject, reply, bytes); });
    return;
  }
  if (const auto box = boxes_.find(subject); box != boxes_.end()) {
    try {
      box->second->put(bytes);
    } catch (const std::bad_alloc&) {  // as if it had been lost on its way
    }
    return;
  }
  if (link_listener* const listener = listener_of(subject))
    listener->message(subject, reply, bytes);
}

void switchboard::no_responders(std::string_view reply) noexcept {
  const lock_guard guard(lock_);
  if (const auto box = boxes_.find(reply); box != boxes_.end()) {
    box->second->put_nobody();
  } else if (link_listener* const listener = listener_of(reply)) {
    listener->no_responders(reply);
  }
}

void switchboard::disconnected() noexcept {
  const lock_guard guard(lock_);
  tell_all([](link_listener& each) { each.disconnected(); });
}
void switchboard::reconnected() noexcept {
  const lock_guard guard(lock_);
  tell_all([](link_listener& each) { each.reconnected(); });
}
void switchboard::refused(std::exception_ptr why) noexcept {
  const lock_guard guard(lock_);
  tell_all([&](link_listener& each) { each.refused(why); });
}

}  // namespace parwork::nats::detail
