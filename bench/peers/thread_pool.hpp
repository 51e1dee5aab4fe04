// What most programs have: a pool of threads behind one mutex, a future for every item.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "peers/setup.hpp"

namespace bench::peers {

/// Threads start with it and are joined by its destructor. submit may be called from any thread.
class thread_pool {
 public:
  explicit thread_pool(unsigned threads) {
    for (; threads != 0; --threads) {
      threads_.emplace_back([this] { serve(); });
    }
  }

  ~thread_pool() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  template <class Task>
  auto submit(Task task) {
    // std::function copies what it holds, a packaged_task cannot be copied.
    auto packaged =
        std::make_shared<std::packaged_task<std::invoke_result_t<Task&>()>>(std::move(task));
    auto future = packaged->get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.emplace([packaged] { (*packaged)(); });
    }
    wake_.notify_one();
    return future;
  }

 private:
  void serve() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
      if (tasks_.empty()) {
        return;
      }
      auto task = std::move(tasks_.front());
      tasks_.pop();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::queue<std::function<void()>> tasks_;  // guarded by mutex_
  bool closing_ = false;                     // guarded by mutex_
  std::vector<std::thread> threads_;
};

/// The calling thread generates, submits and waits for the oldest future: results come in input
/// order.
class futures {
 public:
  explicit futures(const setup& s) : queue_(s.queue), pool_(s.workers) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    std::deque<std::future<result_of<Generator, Work>>> in_flight;
    const auto collect_oldest = [&] {
      collect(in_flight.front().get());
      in_flight.pop_front();
    };
    while (auto item = generate()) {
      if (in_flight.size() == queue_) {
        collect_oldest();
      }
      in_flight.push_back(pool_.submit([&work, it = std::move(*item)] { return work(it); }));
    }
    while (!in_flight.empty()) {
      collect_oldest();
    }
  }

 private:
  std::size_t queue_;
  thread_pool pool_;
};

}  // namespace bench::peers
