// What a run knows of one of its workers.
//
// Thread safety: `lock` guards what thieves reach for; the rest belongs to the worker's thread
// while it takes part, and to the calling thread after the run.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/tick_clock.hpp"
#include "engine/parker.hpp"
#include "engine/pool_client.hpp"
#include "parwork/detail/lane.hpp"
#include "parwork/detail/owned_mutex.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

using clock = std::chrono::steady_clock;

class course;

// An item of this length is worth a wake-up at once. That costs the waker some 6 us, and the woken
// thread some 50 until it runs. Shorter ones are worth it when they add up to
// wakeups::worth_waking_.
constexpr std::chrono::nanoseconds long_item = std::chrono::microseconds(10);
constexpr std::chrono::nanoseconds short_item = std::chrono::nanoseconds(800);

// A thread that belongs to a run and sleeps in it. Guarded by the run's sleep lock, the parker
// aside.
struct sleeper {
  parker place;
  sleeper* next = nullptr;
  bool listed = false;  // asleep, or about to be, and nobody has chosen it yet
};

// Free batches that a worker keeps, by the logarithm of their capacity.
struct spare_batches {
  static constexpr unsigned sizes = 17;
  static constexpr unsigned most = 8;  // of each size
  std::array<batch*, sizes> first{};
  std::array<unsigned, sizes> count{};
};

struct alignas(64) worker final : worker_base {
  worker(course& its_course, const std::atomic<std::uint32_t>& attention,
         unsigned own_number) noexcept
      : worker_base(attention, own_number), owner(its_course) {}

  course& owner;

  // The calling thread takes part as this worker from now on. Relaxed, here and below: an attempt's
  // own thread has written it, and whoever got the attempt's context saw that.
  void taken_by_this_thread() noexcept {
    thread_mark.store(mark_of_thread(), std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_this_thread() const noexcept {
    return thread_mark.load(std::memory_order_relaxed) == mark_of_thread();
  }

  searching search = searching::no;
  std::uint32_t target = 1;               // items the next batch should have
  tick_clock::time_point clock_read_at;   // when it last read the clock,
  std::uint32_t clock_item = 0;           // and at which item of the batch
  tick_clock::time_point flushed_at;      // last delivery out of the current batch
  std::chrono::nanoseconds item_time{0};  // by the last reading
  sleeper sleep;

  // Where its time went, by part, up to `turned_at`; what it does since.
  std::array<std::chrono::nanoseconds, parts> spent{};
  tick_clock::time_point turned_at = tick_clock::now();
  part doing = part::nothing;
  tick_clock::time_point came_at = turned_at;  // when it last came or woke up
  // How much of its work it had done when it last woke another.
  std::chrono::nanoseconds shared_work{0};

  alignas(64) owned_mutex lock{kind_of_barrier};
  // Being filled: thieves take from its front; being worked on: from its back. Written by the owner
  // under the lock; without it what they point at is a hint, and is read under
  // batch_stock::hint_lock.
  std::atomic<batch*> pulling{nullptr};
  std::atomic<batch*> current{nullptr};
  batch* newest PARWORK_GUARDED_BY(lock) = nullptr;  // spawned here: the worker takes the newest,
  batch* oldest PARWORK_GUARDED_BY(lock) = nullptr;  // thieves the oldest

  // Of items that work added: how many were spawned here, and how many this worker has delivered.
  // It alone writes.
  std::atomic<std::uint64_t> spawned_ever{0};
  std::atomic<std::uint64_t> delivered_spawned{0};

  // Items it has handed to the collector. It alone writes; progress reads.
  std::atomic<std::uint64_t> succeeded{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> cancelled{0};

  spare_batches spare;

  // One instruction; the thread's identifier costs a call, and so does an address of its own in a
  // library that may be shared.
  [[nodiscard]] static const void* mark_of_thread() noexcept { return __builtin_thread_pointer(); }
  std::atomic<const void*> thread_mark{nullptr};

  void count(const outcome_counts& handed_over) noexcept {
    // Relaxed: statistics of one writer, read while the run goes on for progress, and after it,
    // when every worker has left.
    const auto add = [](std::atomic<std::uint64_t>& to, std::uint64_t count) {
      if (count > 0)
        to.store(to.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    };
    add(succeeded, handed_over.succeeded);
    add(failed, handed_over.failed);
    add(cancelled, handed_over.cancelled);
  }

  // Among short items the other side pays (11 us while the worker is running, by membarrier); where
  // an item is long enough to lose a locked instruction in it (6 ns), the worker does.
  void choose_barrier() noexcept {
    const auto kind = item_time >= short_item ? barrier_kind::symmetric : available_barrier();
    if (kind != barrier()) kind_of_barrier.store(kind);
  }
  // For one whose side is taken by several threads, one at a time.
  void pay_for_barrier() noexcept { kind_of_barrier.store(barrier_kind::symmetric); }
  [[nodiscard]] bool is_cheap_to_rob() const noexcept {
    return kind_of_barrier.load() == barrier_kind::symmetric;
  }

  void read_clock_after(std::uint32_t items) noexcept { until_look = items; }
  [[nodiscard]] bool is_clock_due() const noexcept { return until_look == 0; }

  // From now on its time goes to `next`. Returns what the time is.
  tick_clock::time_point turn_to(part next) noexcept {
    const auto now = tick_clock::now();
    time_of(doing) += now - turned_at;
    if (record != nullptr) [[unlikely]]
      record->turn(doing, now.time_since_epoch().count());
    turned_at = now;
    doing = next;
    return now;
  }
  // Time spent with items, by `now`.
  [[nodiscard]] std::chrono::nanoseconds busy_by(tick_clock::time_point now) const noexcept {
    const auto counted = time_of(part::working) + time_of(part::collecting);
    const bool is_busy = doing == part::working || doing == part::collecting;
    return is_busy ? counted + (now - turned_at) : counted;
  }
  [[nodiscard]] std::chrono::nanoseconds& time_of(part which) noexcept {
    return spent[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] std::chrono::nanoseconds time_of(part which) const noexcept {
    return spent[static_cast<std::size_t>(which)];
  }
};

}  // namespace parwork::detail
