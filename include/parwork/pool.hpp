// A pool of threads that lasts over many runs, because starting a thread costs 26-38 us and waking
// one does not.
//
// Thread safety: several runs may share a pool at once, from any threads. Construction and
// destruction are the owner's. Invariants: a pool has `size()` threads from construction to
// destruction; a thread with nothing to do sleeps. A fork copies no threads: in the child, runs on
// a pool of the parent throw `std::logic_error`, and its destructor does nothing.
#pragma once

#include <memory>

#include "parwork/cpus.hpp"

namespace parwork {

namespace detail {
class pool_state;
}

/// Threads for runs; see `options::run_on`.
class pool {
 public:
  /// Starts `workers` threads; 0 counts as `available_cpus()`.
  /// Throws `std::invalid_argument` above `max_workers`, `std::system_error` where a thread cannot
  /// be started.
  explicit pool(unsigned workers = available_cpus());

  /// Joins the threads. REQUIRES: no run is using the pool.
  ~pool();

  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// How many threads it has.
  [[nodiscard]] unsigned size() const noexcept;

  /// For the engine.
  [[nodiscard]] detail::pool_state& state() noexcept { return *state_; }

 private:
  std::unique_ptr<detail::pool_state> state_;
};

/// The pool of runs that name none: `available_cpus()` threads, started at the first use. It is
/// never destroyed, so runs work in destructors of static objects and in `atexit` handlers, too.
/// The child of a fork gets another one, at its first use there.
[[nodiscard]] pool& default_pool();

}  // namespace parwork
