// Threads of the user's own, where asynchronous work finishes its items.
//
// Thread safety: `post` may be called from any thread, also from a task.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace parwork_test {

/// Runs tasks on threads of its own, in order of arrival. The destructor runs what is left.
class elsewhere {
 public:
  using task = std::move_only_function<void()>;

  explicit elsewhere(unsigned threads = 1) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
  }
  elsewhere(const elsewhere&) = delete;
  elsewhere& operator=(const elsewhere&) = delete;
  ~elsewhere() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    arrived_.notify_all();
    for (std::thread& one : threads_) one.join();
  }

  void post(task todo) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(todo));
    }
    arrived_.notify_one();
  }

  std::thread::id id() const { return threads_.front().get_id(); }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      arrived_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      {
        task todo = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        todo();
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<task> tasks_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace parwork_test
