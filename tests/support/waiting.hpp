// What tests wait on: conditions, never time.
//
// Thread safety: every member may be called from any thread at any time. What was written before
// `add` or `open` is visible after the `wait` that it ended.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace parwork_test {

/// A count that goes up and can be waited for.
class tally {
 public:
  void add(std::uint64_t count = 1) {
    const std::lock_guard lock(mutex_);
    value_ += count;
    changed_.notify_all();
  }

  /// Blocks until the count is `least` or more.
  void wait_for(std::uint64_t least) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return value_ >= least; });
  }

  std::uint64_t value() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t value_ = 0;
};

/// Closed at first, opened once.
class gate {
 public:
  void open() { opened_.add(); }
  void wait() const { opened_.wait_for(1); }
  bool is_open() const { return opened_.value() > 0; }

 private:
  tally opened_;
};

/// Lets nobody through until `parties` threads have arrived. For one use.
class rendezvous {
 public:
  explicit rendezvous(std::uint64_t parties) : parties_(parties) {}
  void arrive_and_wait() {
    arrived_.add();
    wait();
  }
  /// Waits as a bystander.
  void wait() const { arrived_.wait_for(parties_); }

 private:
  const std::uint64_t parties_;
  tally arrived_;
};

/// Blocks until `token` is requested.
inline void wait_for_stop(const std::stop_token& token) {
  gate requested;
  const std::stop_callback opener(token, [&] { requested.open(); });
  requested.wait();
}

}  // namespace parwork_test
