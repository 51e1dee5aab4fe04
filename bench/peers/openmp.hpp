// OpenMP: one thread makes a task of every item, all of them work, the collector has a lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>

#include "peers/setup.hpp"

namespace bench::peers {

/// Where `queue` items are in flight, or the runtime has enough tasks, the thread that makes them
/// works on one itself: OpenMP has no other way to wait. Delivers in completion order.
class openmp_tasks {
 public:
  explicit openmp_tasks(const setup& s) : setup_(s) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    std::mutex collecting;
    std::atomic<std::size_t> in_flight{0};
#pragma omp parallel num_threads(setup_.workers)
#pragma omp single
    while (auto next = generate()) {
      const bool deferred = in_flight.fetch_add(1) < setup_.queue;
      item_of<Generator> it = std::move(*next);
#pragma omp task firstprivate(it) if (deferred)
      {
        auto result = work(it);
        {
          const std::lock_guard lock(collecting);
          collect(std::move(result));
        }
        in_flight.fetch_sub(1);
      }
    }
  }

 private:
  setup setup_;
};

}  // namespace bench::peers
