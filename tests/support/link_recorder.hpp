// A listener that remembers what it hears, for tests that wait for it.
//
// Thread safety: any thread may ask. A wait without end is cut by the test program's own limit.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "nats/link.hpp"

namespace parwork_test {

class link_recorder : public parwork::nats::detail::link_listener {
 public:
  struct heard_message {
    std::string subject;
    std::string reply;
    std::string bytes;
  };

  virtual ~link_recorder() = default;

  void message(std::string_view subject, std::string_view reply,
               std::string_view bytes) noexcept override {
    note([&] {
      messages_.push_back({std::string(subject), std::string(reply), std::string(bytes)});
    });
  }
  void no_responders(std::string_view reply) noexcept override {
    note([&] { unheard_.emplace_back(reply); });
  }
  void disconnected() noexcept override {
    note([&] { ++disconnects_; });
  }
  void reconnected() noexcept override {
    note([&] { ++reconnects_; });
  }
  void refused(std::exception_ptr why) noexcept override {
    note([&] {
      try {
        std::rethrow_exception(why);
      } catch (const std::exception& error) {
        refusals_.emplace_back(error.what());
      }
    });
  }

  std::vector<heard_message> wait_for_messages(std::size_t least) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return messages_.size() >= least; });
    return messages_;
  }
  std::vector<std::string> wait_for_unheard(std::size_t least) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return unheard_.size() >= least; });
    return unheard_;
  }
  std::vector<std::string> wait_for_refusals(std::size_t least) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return refusals_.size() >= least; });
    return refusals_;
  }
  void wait_for_disconnect(int times = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return disconnects_ >= times; });
  }
  void wait_for_reconnect(int times = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reconnects_ >= times; });
  }
  int disconnects() {
    const std::lock_guard lock(mutex_);
    return disconnects_;
  }

 private:
  template <class Change>
  void note(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<heard_message> messages_;
  std::vector<std::string> unheard_;
  std::vector<std::string> refusals_;
  int disconnects_ = 0;
  int reconnects_ = 0;
};

}  // namespace parwork_test
