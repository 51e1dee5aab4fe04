// Items whose end does not come with their call: those that wait for another attempt, and
// asynchronous ones.
//
// Threads outside the run (the timer's, whoever uses a completer) hand items back under `lock_`,
// and do all they do with the run while they hold it. The caller takes it once more after the last
// item (`wait_for_outsiders`): then they have left.
//
// Thread safety: any thread, unless a member says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>

#include "engine/ending.hpp"
#include "engine/offered.hpp"
#include "engine/timer.hpp"
#include "engine/wakeups.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/lane.hpp"
#include "parwork/detail/mutex.hpp"
#include "recording/recording.hpp"

namespace parwork::detail {

class returning_items {
 public:
  // `record`: null if nothing is recorded.
  returning_items(timer& timers, offered_batches& offered, wakeups& wakes, const ending& its_end,
                  recording* record) noexcept
      : timers_(timers), offered_(offered), wakeups_(wakes), ending_(its_end), recording_(record) {}
  returning_items(const returning_items&) = delete;
  returning_items& operator=(const returning_items&) = delete;

  // --- retries ---

  void count_retry() noexcept { retries_.fetch_add(1, std::memory_order_relaxed); }  // a statistic
  [[nodiscard]] std::uint64_t retries() const noexcept { return retries_.load(); }

  // Puts the item of a lone batch where it waits for its next attempt. If there is nothing to wait
  // for (a stopped run, no memory to wait in), it is offered at once.
  void put_to_wait(batch& lone) noexcept;
  // The run is stopping: what waits is offered now.
  void release() noexcept;

  // --- asynchronous items ---

  // An item was finished after its call had returned.
  void put_finished(batch& lone) noexcept;
  [[nodiscard]] bool has_finished() const noexcept { return finished_count_.load() > 0; }
  // All that are finished, linked by `next`, the oldest first. Null: none.
  [[nodiscard]] batch* take_finished() noexcept;

  // After the last item: returns when no thread outside the run touches it any more.
  void wait_for_outsiders() noexcept { const lock_guard guard(lock_); }

 private:
  // An item that waits. Its list place and `listed_` are guarded by the lock.
  class retry_wait final : public timer_entry {
   public:
    retry_wait(returning_items& owner, batch& lone) noexcept
        : timer_entry(calls::ours), owner_(owner), lone_(lone) {}
    void fire() noexcept override;

   private:
    friend class returning_items;
    returning_items& owner_;
    batch& lone_;
    std::list<retry_wait>::iterator place_ = {};
    bool listed_ = true;
    started_attempt recorded_ = {};
  };

  [[nodiscard]] bool schedule(batch& lone) noexcept PARWORK_EXCLUDES(lock_);
  void offer(batch& lone) noexcept;
  void record_wait(const retry_wait& over) noexcept;

  timer& timers_;
  offered_batches& offered_;
  wakeups& wakeups_;
  const ending& ending_;
  recording* const recording_;
  std::atomic<std::uint64_t> retries_{0};
  mutex lock_;
  std::list<retry_wait> waiting_ PARWORK_GUARDED_BY(lock_);
  batch* finished_ PARWORK_GUARDED_BY(lock_) = nullptr;
  std::atomic<std::uint32_t> finished_count_{0};  // written under the lock, read without as a hint
};

}  // namespace parwork::detail
