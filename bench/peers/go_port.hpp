// The Go package's design, carried over as it is: a generator thread, workers and a collector
// thread, two bounded queues of pointers between them. What a first version in C++ usually looks
// like.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

#include "peers/setup.hpp"

namespace bench::peers {

/// A channel: push waits while it is full, pop while it is empty; a null pointer says that it is
/// closed and drained.
template <class T>
class bounded_queue {
 public:
  explicit bounded_queue(std::size_t capacity) : capacity_(capacity) {}

  void push(std::unique_ptr<T> element) {
    std::unique_lock lock(mutex_);
    not_full_.wait(lock, [this] { return elements_.size() < capacity_; });
    elements_.push(std::move(element));
    lock.unlock();
    not_empty_.notify_one();
  }

  std::unique_ptr<T> pop() {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [this] { return closed_ || !elements_.empty(); });
    if (elements_.empty()) {
      return nullptr;
    }
    auto element = std::move(elements_.front());
    elements_.pop();
    lock.unlock();
    not_full_.notify_one();
    return element;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    not_empty_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable not_full_;
  std::condition_variable not_empty_;
  std::queue<std::unique_ptr<T>> elements_;  // guarded by mutex_
  bool closed_ = false;                      // guarded by mutex_
  std::size_t capacity_;
};

/// `queue` items per channel, threads made anew for each run. Delivers in completion order.
class go_port {
 public:
  explicit go_port(const setup& s) : setup_(s) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    struct job {
      item_of<Generator> item;
      result_of<Generator, Work> result;
    };
    bounded_queue<job> todo(setup_.queue);
    bounded_queue<job> done(setup_.queue);
    std::thread generator([&] {
      while (auto item = generate()) {
        todo.push(std::unique_ptr<job>(new job{std::move(*item), {}}));
      }
      todo.close();
    });
    std::thread collector([&] {
      while (auto finished = done.pop()) {
        collect(std::move(finished->result));
      }
    });
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < setup_.workers; ++i) {
      workers.emplace_back([&] {
        while (auto next = todo.pop()) {
          next->result = work(next->item);
          done.push(std::move(next));
        }
      });
    }
    generator.join();
    for (std::thread& worker : workers) {
      worker.join();
    }
    done.close();
    collector.join();
  }

 private:
  setup setup_;
};

}  // namespace bench::peers
