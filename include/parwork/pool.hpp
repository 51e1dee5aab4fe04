// A pool of threads that lasts over many runs, because starting a thread costs 26-38 us and waking
// one does not.
//
// Thread safety: several runs may share a pool at once, from any threads. Construction and
// destruction are the owner's. Invariants: a pool has `size()` threads from construction to
// destruction; a thread with nothing to do sleeps. A fork copies no threads: in the child, runs on
// a pool of the parent throw `std::logic_error`, and its destructor does nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "parwork/cpus.hpp"

namespace parwork {

namespace detail {
class pool_state;
}

/// What the threads of a pool are like. Threads that a run adds to the pool's (for more workers, or
/// for a part of its own) are made alike, and their numbers go on behind the pool's; a number is
/// used again when its thread has ended.
struct pool_options {
  /// How many threads; 0: `available_cpus()`. At most `max_workers`.
  unsigned workers = 0;

  /// Threads are called `name/3` for debuggers and `top`, with numbers from 0. The system keeps 15
  /// bytes: a name that is too long loses its end, and not its number.
  std::string name = "parwork";

  /// Bytes of a thread's stack; 0: the system's, mostly 8 MiB. `std::invalid_argument` where the
  /// system refuses it.
  std::size_t stack_size = 0;

  /// Called first on each thread, with its number, by several threads at once: to bind it to a CPU,
  /// to set its priority. What it throws leaves the constructor. In a thread that a run adds for
  /// more workers it means that the run does without it; in one of a generator's or a collector's
  /// own it leaves `process`.
  std::function<void(unsigned number)> on_thread_start = {};
};

/// Threads for runs; see `options::run_on`.
class pool {
 public:
  /// Starts `workers` threads; 0 counts as `available_cpus()`.
  /// Throws `std::invalid_argument` above `max_workers`, `std::system_error` where a thread cannot
  /// be started.
  explicit pool(unsigned workers = available_cpus());

  /// The same as the options say: `pool({.workers = 4, .name = "decode"})`. Returns when every
  /// thread has its name and has called `on_thread_start`.
  explicit pool(pool_options given);

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
