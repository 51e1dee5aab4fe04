// How a run stops, fails and ends.
//
// Running, stopping (nothing new is started), discarding (and nothing is collected any more), over:
// every change goes down this line, never up.
//
// Thread safety: any thread. Invariants:
// 1. The first error wins. The first failure is the one at the lowest delivery position.
// 2. The run is over when nothing more is produced and everything produced has been delivered:
//    spawned items, too. `check` finds that out; whoever counts the last item calls it.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <optional>
#include <stop_token>

#include "engine/credits.hpp"
#include "engine/roster.hpp"
#include "engine/wakeups.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/run.hpp"
#include "parwork/failure.hpp"

namespace parwork::detail {

class ending {
 public:
  ending(run_services& shared, const credits& its_credits, const roster& workers, wakeups& wakes,
         const run_traits& traits, failure_policy policy, ordering order)
      : shared_(shared),
        credits_(its_credits),
        workers_(workers),
        wakeups_(wakes),
        may_spawn_(traits.may_spawn),
        sees_failures_(traits.sees_failures),
        policy_(policy),
        order_(order) {}
  ending(const ending&) = delete;
  ending& operator=(const ending&) = delete;

  // True for the first call: who made it hands back what waits, and wakes the parts' owners.
  [[nodiscard]] bool stop() noexcept;
  [[nodiscard]] bool is_stopping() const noexcept {
    return (shared_.attention.load() & attention_stop) != 0;
  }
  [[nodiscard]] bool was_stopped() const noexcept { return stop_requested_.load(); }
  [[nodiscard]] std::stop_token token() const noexcept { return stop_source_.get_token(); }

  // The run will end with this error.
  void fail(std::exception_ptr error) noexcept PARWORK_EXCLUDES(lock_);
  // The failure of an item that is being handed to the collector. True: it stops the run.
  [[nodiscard]] bool note_failure(std::uint64_t index, const failure& why,
                                  unsigned attempts) noexcept PARWORK_EXCLUDES(lock_);

  // Ends the run if all is done.
  void check() noexcept;

  // Null: none.
  [[nodiscard]] std::exception_ptr error() const noexcept PARWORK_EXCLUDES(lock_);
  [[nodiscard]] std::optional<failure> first_failure() const noexcept PARWORK_EXCLUDES(lock_);

 private:
  run_services& shared_;
  const credits& credits_;
  const roster& workers_;
  wakeups& wakeups_;
  const bool may_spawn_;
  const bool sees_failures_;
  const failure_policy policy_;
  const ordering order_;

  std::stop_source stop_source_;
  std::atomic<bool> stop_requested_{false};
  mutable mutex lock_;
  std::exception_ptr error_ PARWORK_GUARDED_BY(lock_);
  std::optional<failure> first_failure_ PARWORK_GUARDED_BY(lock_);
};

}  // namespace parwork::detail
