// A handle on a run while it goes on: pauses and resumes it, gives it more or fewer workers.
//
// Thread safety: any thread, at any time, work and collector of the run included; no signal
// handler. Invariant: it is for one run at a time, which it outlives.
#pragma once

#include <memory>

namespace parwork {

namespace detail {
class control_state;
}

/// Pauses and resizes the run that it is given to by `options::control`. What is asked for before
/// the run holds from its beginning, and what held at its end holds for the next run.
class run_control {
 public:
  run_control();
  /// REQUIRES: no run is using it.
  ~run_control();

  run_control(const run_control&) = delete;
  run_control& operator=(const run_control&) = delete;

  /// Started attempts finish, and nothing new is pulled, started or retried. What is finished is
  /// still collected, so the run comes to rest with no result held back. Returns at once. Threads
  /// sleep; those of a pool help other runs. A stop ends the pause, and a run that is stopping
  /// cannot be paused. Time during an asynchronous item, a wait before a retry, or one for a place
  /// or a turn goes on.
  void pause();

  /// Goes on. No effect where there is no pause. About 6 us where a thread is woken.
  void resume();

  /// Whether `pause` has been called and neither `resume` nor a stop has ended it.
  [[nodiscard]] bool is_paused() const;

  /// From now on `workers` threads work, whatever `options::workers` says; the calling thread is
  /// one of them. If there are more, some leave after their item; if there are fewer, the pool's
  /// are woken, and beyond those others are started, as for `options::workers`.
  ///
  /// From 1 to `max_workers`, else throws `std::invalid_argument`. A run inside another's work on
  /// the same pool has no more than the pool's, as always.
  void set_workers(unsigned workers);

  /// For the engine.
  [[nodiscard]] detail::control_state& state() noexcept { return *state_; }

 private:
  const std::unique_ptr<detail::control_state> state_;
};

}  // namespace parwork
