// Boost.Asio's thread_pool: a function is posted for every item, the collector has a lock.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <mutex>
#include <semaphore>
#include <utility>

#include "peers/setup.hpp"

namespace bench::peers {

/// The calling thread generates and posts; a semaphore holds it back while `queue` items are in
/// flight. Delivers in completion order.
class asio_pool {
 public:
  explicit asio_pool(const setup& s)
      : queue_(s.queue), free_(static_cast<std::ptrdiff_t>(s.queue)), pool_(s.workers) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    std::mutex collecting;
    while (auto next = generate()) {
      free_.acquire();
      boost::asio::post(pool_, [this, &work, &collect, &collecting, it = std::move(*next)] {
        auto result = work(it);
        {
          const std::lock_guard lock(collecting);
          collect(std::move(result));
        }
        free_.release();
      });
    }
    wait_until_idle();
  }

 private:
  void wait_until_idle() {
    for (std::size_t place = 0; place < queue_; ++place) {
      free_.acquire();
    }
    free_.release(static_cast<std::ptrdiff_t>(queue_));
  }

  std::size_t queue_;
  std::counting_semaphore<> free_;
  boost::asio::thread_pool pool_;
};

}  // namespace bench::peers
