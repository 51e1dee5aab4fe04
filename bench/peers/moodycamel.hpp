// moodycamel's BlockingConcurrentQueue between the thread that generates and those that work; the
// collector has a lock.
#pragma once

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <concurrentqueue/lightweightsemaphore.h>

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "peers/setup.hpp"

namespace bench::peers {

/// With what the library offers for speed: a producer token, and workers that take what is there,
/// up to `bulk` items at once. Its semaphore holds the calling thread back while `queue` items are
/// in flight. Threads are made anew for each run. Delivers in completion order.
class moodycamel_queue {
 public:
  explicit moodycamel_queue(const setup& s) : setup_(s) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    state<item_of<Generator>> shared(setup_.queue);
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < setup_.workers; ++i) {
      workers.emplace_back([&] {
        while (serve(shared, work, collect)) {
        }
      });
    }
    const moodycamel::ProducerToken token(shared.todo);
    while (auto next = generate()) {
      shared.free.wait();
      shared.todo.enqueue(token, std::move(next));
    }
    for (unsigned i = 0; i < setup_.workers; ++i) {
      shared.todo.enqueue(token, std::nullopt);  // the end, once for each worker, behind all items
    }
    for (std::thread& worker : workers) {
      worker.join();
    }
  }

 private:
  static constexpr std::size_t bulk = 32;

  template <class Item>
  struct state {
    explicit state(std::size_t queue)
        : free(static_cast<moodycamel::LightweightSemaphore::ssize_t>(queue)) {}

    moodycamel::BlockingConcurrentQueue<std::optional<Item>> todo;
    moodycamel::LightweightSemaphore free;
    std::mutex collecting;
  };

  // Takes and finishes what is there; false when that was the end.
  template <class Item, class Work, class Collector>
  static bool serve(state<Item>& shared, Work& work, Collector& collect) {
    std::array<std::optional<Item>, bulk> taken;
    std::array<result_of_item<Item, Work>, bulk> done;
    const std::size_t count = shared.todo.wait_dequeue_bulk(taken.begin(), bulk);
    std::size_t items = 0;
    while (items < count && taken[items]) {
      done[items] = work(*taken[items]);
      ++items;
    }
    if (items != 0) {
      const std::lock_guard lock(shared.collecting);
      for (std::size_t i = 0; i < items; ++i) {
        collect(std::move(done[i]));
      }
    }
    shared.free.signal(static_cast<moodycamel::LightweightSemaphore::ssize_t>(items));
    for (std::size_t ends_of_others = items + 1; ends_of_others < count; ++ends_of_others) {
      shared.todo.enqueue(std::nullopt);
    }
    return items == count;
  }

  setup setup_;
};

}  // namespace bench::peers
