// Who may begin something new: nobody while the run is paused, else the workers below the limit.
//
// A paused worker may collect and take the outcomes of asynchronous items; it may not pull, start
// or retry. A worker is surplus if its number is not below the limit: it leaves after its item, and
// what it had begun goes back to where others find it.
//
// Workers hear of both by bits of `attention`, so a run that is neither pays nothing. The bit for
// surplus workers is set only until the last of them has left.
//
// Thread safety: any thread; `pause`, `resume` and `set_limit` by one at a time. Invariants:
// 1. A run that is stopping is not paused: `stop` ends the pause, and none begins behind it.
// 2. The limit is at least 1, and the calling thread is number 0: it is never surplus.
// 3. What ends a pause or raises the limit is visible before `notify`, as everything that can be
//    taken is: see wakeups.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "engine/pool_state.hpp"
#include "engine/run_shape.hpp"
#include "engine/wakeups.hpp"
#include "engine/worker.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

// Whether anybody can pause or resize a run.
enum class controlled { no, yes };

class gatekeeping {
 public:
  gatekeeping(std::atomic<std::uint32_t>& attention, const run_shape& shape, pool_state& pool,
              wakeups& wakes, controlled is_controlled, unsigned limit)
      : attention_(attention),
        shape_(shape),
        pool_(pool),
        wakeups_(wakes),
        is_controlled_(is_controlled == controlled::yes),
        inside_(is_controlled_ ? shape.most() : 0),
        limit_(limit),
        most_(limit) {}
  gatekeeping(const gatekeeping&) = delete;
  gatekeeping& operator=(const gatekeeping&) = delete;

  // --- for workers ---

  [[nodiscard]] bool is_paused() const noexcept {
    return (attention_.load() & attention_paused) != 0;
  }
  [[nodiscard]] bool is_surplus(unsigned number) const noexcept {
    return number >= limit_.load() && number < shape_.most();
  }
  // Whether worker `number` may begin nothing new.
  [[nodiscard]] bool holds_back(unsigned number) const noexcept {
    return (attention_.load() & attention_hold) != 0 && (is_paused() || is_surplus(number));
  }
  // A worker takes part from now on, or does so no longer.
  void came(unsigned number) noexcept PARWORK_EXCLUDES(lock_);
  void went(unsigned number) noexcept PARWORK_EXCLUDES(lock_);

  // --- for whoever controls the run ---

  // The run begins paused, at a time. Before any other thread knows it.
  void begin_paused(clock::time_point at) noexcept PARWORK_EXCLUDES(lock_);
  void pause() noexcept PARWORK_EXCLUDES(lock_);
  void resume() noexcept PARWORK_EXCLUDES(lock_);
  void set_limit(unsigned workers) noexcept PARWORK_EXCLUDES(lock_);
  // The run is stopping. Who calls it wakes the parts' owners.
  void stop() noexcept PARWORK_EXCLUDES(lock_);

  // --- for telling ---

  [[nodiscard]] std::chrono::nanoseconds paused_by(clock::time_point now) const noexcept
      PARWORK_EXCLUDES(lock_);
  // The highest limit there was.
  [[nodiscard]] unsigned most() const noexcept PARWORK_EXCLUDES(lock_);

 private:
  void end_pause() noexcept PARWORK_REQUIRES(lock_);
  void count_surplus() noexcept PARWORK_REQUIRES(lock_);
  void set_bit(attention which, bool is_on) noexcept;

  std::atomic<std::uint32_t>& attention_;
  const run_shape& shape_;
  pool_state& pool_;
  wakeups& wakeups_;

  const bool is_controlled_;
  mutable mutex lock_;
  std::vector<bool> inside_ PARWORK_GUARDED_BY(lock_);  // by number
  unsigned surplus_ PARWORK_GUARDED_BY(lock_) = 0;      // of those inside
  bool is_stopped_ PARWORK_GUARDED_BY(lock_) = false;
  clock::time_point paused_at_ PARWORK_GUARDED_BY(lock_) = {};
  std::chrono::nanoseconds paused_ PARWORK_GUARDED_BY(lock_){0};  // pauses that are over
  std::atomic<unsigned> limit_;                                   // written under the lock
  unsigned most_ PARWORK_GUARDED_BY(lock_);
};

}  // namespace parwork::detail
