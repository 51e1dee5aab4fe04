// Spans that wait for more items (batch_options::linger): which items wait, until when, and who may
// take them.
//
// A span that is not full yet lies in one of two places: in the batch that is being filled, while a
// thread is inside the generator, or *put down*, between two turns of it. Whoever has the next turn
// goes on with it. So no worker waits for it, and there is one at most.
//
// One timer entry ends the wait. What has been put down is offered; of what is being filled,
// thieves may take what was there by then. The entry is not cancelled when a span has filled up:
// when it fires, it moves on to the end of the wait that is under way. So a generator whose spans
// fill up at once pays for one firing in `linger`.
//
// Thread safety: stated with each member. Invariants:
// 1. Each item that has been pulled has a credit and an index, and counts in `counted_`, before the
//    generator is called again. So the run does not end while a span waits.
// 2. While a span waits, the entry is scheduled at its deadline or before.
// 3. A batch is put down only while more can come: the generator has not ended, there is room, the
//    run is not stopping. Who makes that untrue calls `release` afterwards, or has the gate.
// 4. What may be taken never waits again: nobody splits a span that has gone to work.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "engine/admission.hpp"
#include "engine/batch_stock.hpp"
#include "engine/credits.hpp"
#include "engine/ending.hpp"
#include "engine/offered.hpp"
#include "engine/timer.hpp"
#include "engine/wakeups.hpp"
#include "engine/worker.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

class lingering final : private timer_entry {
 public:
  lingering(const run_traits& traits, timer& timers, run_hooks& hooks, const credits& its_credits,
            admission& entrance, batch_stock& stock, offered_batches& offered, wakeups& wakes,
            const ending& its_end) noexcept
      : timer_entry(calls::ours),
        linger_(traits.is_split ? std::chrono::nanoseconds{0} : traits.linger),
        longest_(traits.largest_batch),
        timers_(timers),
        hooks_(hooks),
        credits_(its_credits),
        admission_(entrance),
        stock_(stock),
        offered_(offered),
        wakeups_(wakes),
        ending_(its_end) {}
  ~lingering() override;
  lingering(const lingering&) = delete;
  lingering& operator=(const lingering&) = delete;

  // Whether spans wait at all: else nothing below is called.
  [[nodiscard]] bool is_used() const noexcept { return linger_.count() > 0; }

  // --- the holder of the pull gate, in this order ---

  // What has been put down: it is filled on from `batch::filled`. Null: a new batch is due.
  [[nodiscard]] batch* resume() noexcept PARWORK_EXCLUDES(lock_);
  // The worker's `pulling` shows the batch that was resumed: whether its wait ended before that.
  // Then whoever was woken for it may have found nothing, so the generator is not called.
  [[nodiscard]] bool has_waited() noexcept PARWORK_EXCLUDES(lock_);
  // Slot `filled - 1` has been filled. False: its span has waited long enough.
  [[nodiscard]] bool came(batch& b, std::uint32_t filled) noexcept PARWORK_EXCLUDES(lock_);
  // The batch is not being filled any more. Returns it if it is to be worked on now; else it has
  // been put down, or thieves have left nothing of it.
  [[nodiscard]] batch* end_turn(worker& w, batch& b, pull_end how) noexcept PARWORK_EXCLUDES(lock_);

  // --- thieves, under the puller's lock, or as a hint ---

  // Slots below may be taken out of the batch that is being filled. Acquire, by default: who stored
  // it saw them filled.
  [[nodiscard]] std::uint32_t takeable() const noexcept { return takeable_.load(); }
  // Items [start, start + count) of it have been moved to `mine`.
  void admit_taken(const batch& b, std::uint32_t start, batch& mine, std::uint32_t count) noexcept;

  // --- any thread ---

  // No more can come: what waits may be taken. Whoever calls it calls wakeups::notify afterwards.
  void release() noexcept PARWORK_EXCLUDES(lock_);

 private:
  void fire() noexcept override PARWORK_EXCLUDES(lock_);
  [[nodiscard]] bool begin_wait() noexcept PARWORK_REQUIRES(lock_);
  [[nodiscard]] bool schedule() noexcept PARWORK_REQUIRES(lock_);
  void end_wait() noexcept PARWORK_REQUIRES(lock_);
  [[nodiscard]] batch& without_gap(worker& w, batch& b) noexcept;
  [[nodiscard]] bool may_more_come(pull_end how) const noexcept {
    return how == pull_end::more && !ending_.is_stopping() && !credits_.is_closed() &&
           credits_.room() > 0;
  }

  const std::chrono::nanoseconds linger_;
  const std::uint32_t longest_;
  timer& timers_;
  run_hooks& hooks_;
  const credits& credits_;
  admission& admission_;
  batch_stock& stock_;
  offered_batches& offered_;
  wakeups& wakeups_;
  const ending& ending_;

  mutex lock_;
  batch* put_down_ PARWORK_GUARDED_BY(lock_) = nullptr;
  bool waits_ PARWORK_GUARDED_BY(lock_) = false;  // a span has items and is not full
  bool is_scheduled_ PARWORK_GUARDED_BY(lock_) = false;
  bool is_over_ PARWORK_GUARDED_BY(lock_) = false;  // nothing is scheduled any more
  clock::time_point deadline_ PARWORK_GUARDED_BY(lock_) = {};
  std::uint32_t counted_ PARWORK_GUARDED_BY(lock_) = 0;  // slots filled so far
  std::atomic<std::uint32_t> takeable_{0};               // written under the lock
};

}  // namespace parwork::detail
