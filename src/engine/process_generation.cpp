#include "engine/process_generation.hpp"

#include <pthread.h>

#include <atomic>

namespace parwork::detail {

namespace {

constinit std::atomic<unsigned> forks{0};

}  // namespace

unsigned process_generation() noexcept {
  static const bool is_counted =
      ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1); }) == 0;
  (void)is_counted;  // no memory for it: a child is then on its own, as with most libraries
  // Relaxed: it changes only in a child, before it has a second thread.
  return forks.load(std::memory_order_relaxed);
}

}  // namespace parwork::detail
