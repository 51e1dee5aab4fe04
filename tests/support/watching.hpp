// Observers of what a run promises about its calls of user code.
//
// Thread safety: every member may be called from any thread at any time.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <mutex>
#include <set>
#include <thread>

#include "support/relaxed.hpp"

namespace parwork_test {

/// Notices two threads inside the same function at once. The plain counter makes it a data race
/// for ThreadSanitizer where one call does not happen before the next.
class exclusive {
 public:
  class visit {
   public:
    explicit visit(exclusive& watched) : watched_(watched) {
      EXPECT_EQ(watched_.inside_.add(1), 1) << "two calls at once";
      ++watched_.calls_;
    }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    ~visit() { watched_.inside_.add(-1); }

   private:
    exclusive& watched_;
  };

  [[nodiscard]] visit enter() { return visit(*this); }

  /// REQUIRES: no call is under way.
  std::uint64_t calls() const { return calls_; }

 private:
  relaxed<int> inside_;
  std::uint64_t calls_ = 0;
};

/// How many threads are inside a function, and how many there have been at most.
class crowd {
 public:
  class visit {
   public:
    explicit visit(crowd& watched) : watched_(watched) {
      watched_.peak_.raise_to(watched_.inside_.add(1));
    }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    ~visit() { watched_.inside_.add(-1); }

   private:
    crowd& watched_;
  };

  [[nodiscard]] visit enter() { return visit(*this); }
  int inside() const { return inside_.load(); }
  int peak() const { return peak_.load(); }

 private:
  relaxed<int> inside_;
  relaxed<int> peak_;
};

/// Which threads called.
class thread_log {
 public:
  void note() {
    const std::lock_guard lock(mutex_);
    ids_.insert(std::this_thread::get_id());
  }
  std::set<std::thread::id> ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  std::size_t size() const { return ids().size(); }
  bool has(std::thread::id id) const { return ids().contains(id); }
  bool only(std::thread::id id) const { return size() == 1 && has(id); }

 private:
  mutable std::mutex mutex_;
  std::set<std::thread::id> ids_;
};

/// Knows when `process` has returned: user code that runs later is a failure.
class curtain {
 public:
  void user_code() const { EXPECT_FALSE(down_.load()) << "user code runs after process returned"; }
  void fall() { down_.store(true); }

 private:
  relaxed<bool> down_;
};

}  // namespace parwork_test
