// A message bus without a server that has threads: one for each link, which calls its listener.
//
// Thread safety: any thread may use a link. Invariants: those of link.hpp.
// REQUIRES: a bus outlives its links.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "nats/link.hpp"
#include "support/fake_link.hpp"  // fits_subject

namespace parwork_test {

class live_link;

class live_bus {
 public:
  /// Links are cut: nothing arrives until `mend`.
  void cut();
  void mend();
  /// A link's subscription is not permitted.
  void forbid(std::string pattern) {
    const std::lock_guard lock(mutex_);
    forbidden_ = std::move(pattern);
  }

 private:
  friend live_link;

  std::mutex mutex_;
  std::set<live_link*> links_;
  bool is_cut_ = false;
  std::string forbidden_;
};

class live_link final : public parwork::nats::detail::link {
 public:
  live_link(live_bus& bus, parwork::nats::detail::link_listener& listener)
      : bus_(bus), listener_(listener), thread_([this] { deliver(); }) {
    const std::lock_guard lock(bus_.mutex_);
    bus_.links_.insert(this);
  }
  ~live_link() override { close(); }

  void subscribe(const std::string& pattern) override {
    const std::lock_guard lock(bus_.mutex_);
    if (!bus_.forbidden_.empty() && pattern == bus_.forbidden_) {
      return push({.what = event::kind::refused, .subject = pattern});
    }
    patterns_.insert(pattern);
  }
  void unsubscribe(const std::string& pattern) noexcept override {
    const std::lock_guard lock(bus_.mutex_);
    patterns_.erase(pattern);
  }
  void publish(std::string_view subject, std::string_view bytes) override {
    publish(subject, {}, bytes);
  }
  void publish(std::string_view subject, std::string_view reply, std::string_view bytes) override {
    const std::lock_guard lock(bus_.mutex_);
    if (bus_.is_cut_) return;
    bool is_heard = false;
    for (live_link* const each : bus_.links_) {
      for (const std::string& pattern : each->patterns_) {
        if (!fits_subject(pattern, subject)) continue;
        is_heard = true;
        each->push(
            {event::kind::message, std::string(subject), std::string(reply), std::string(bytes)});
      }
    }
    if (!is_heard && !reply.empty()) {
      push({.what = event::kind::no_responders, .reply = std::string(reply)});
    }
  }
  bool flush(std::chrono::nanoseconds) noexcept override { return is_connected(); }
  std::string new_inbox() override { return "_INBOX.live"; }
  std::size_t max_payload() const noexcept override { return std::size_t{1} << 20; }
  std::size_t buffered() const noexcept override { return 0; }
  bool is_connected() const noexcept override {
    const std::lock_guard lock(bus_.mutex_);
    return !bus_.is_cut_;
  }
  void close() noexcept override {
    {
      const std::lock_guard lock(bus_.mutex_);
      bus_.links_.erase(this);
      is_closed_ = true;
      events_.clear();
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  friend live_bus;

  struct event {
    enum class kind { message, no_responders, disconnected, reconnected, refused };
    kind what = kind::message;
    std::string subject = {};
    std::string reply = {};
    std::string bytes = {};
  };

  // REQUIRES: the bus's mutex is held.
  void push(event its) {
    if (is_closed_) return;
    events_.push_back(std::move(its));
    changed_.notify_all();
  }
  void deliver() {
    std::unique_lock lock(bus_.mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return is_closed_ || !events_.empty(); });
      if (is_closed_) return;
      const event its = std::move(events_.front());
      events_.pop_front();
      lock.unlock();
      tell(its);
      lock.lock();
    }
  }
  void tell(const event& its) {
    switch (its.what) {
      case event::kind::message:
        return listener_.message(its.subject, its.reply, its.bytes);
      case event::kind::no_responders:
        return listener_.no_responders(its.reply);
      case event::kind::disconnected:
        return listener_.disconnected();
      case event::kind::reconnected:
        return listener_.reconnected();
      case event::kind::refused:
        return listener_.refused(std::make_exception_ptr(
            parwork::nats::access_denied("the server does not permit " + its.subject)));
    }
  }

  live_bus& bus_;
  parwork::nats::detail::link_listener& listener_;
  std::multiset<std::string> patterns_;
  std::deque<event> events_;
  std::condition_variable changed_;
  bool is_closed_ = false;
  std::thread thread_;  // the last: it uses the rest
};

inline void live_bus::cut() {
  const std::lock_guard lock(mutex_);
  is_cut_ = true;
  for (live_link* const each : links_) each->push({.what = live_link::event::kind::disconnected});
}
inline void live_bus::mend() {
  const std::lock_guard lock(mutex_);
  is_cut_ = false;
  for (live_link* const each : links_) each->push({.what = live_link::event::kind::reconnected});
}

}  // namespace parwork_test
