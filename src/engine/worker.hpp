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
#include "parwork/detail/lane.hpp"
#include "parwork/detail/owned_mutex.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

using clock = std::chrono::steady_clock;

class run;

// An item of this length is worth a wake-up at once, which costs who wakes some 6 us, and the one
// who is woken some 50 until it runs. Shorter ones are when they have come to run::worth_waking_.
constexpr std::chrono::nanoseconds long_item = std::chrono::microseconds(10);
constexpr std::chrono::nanoseconds short_item = std::chrono::nanoseconds(800);

// A thread that belongs to a run and sleeps in it. Guarded by the run's sleep lock, the parker
// aside.
struct sleeper {
  parker place;
  sleeper* next = nullptr;
  bool listed = false;  // asleep, or about to be, and nobody has chosen it yet
};

// Whether a thread is the one that looks for work: at most one of a run is, at any time.
enum class searching { no, yes };

struct alignas(64) worker final : worker_base {
  worker(run& its_run, const std::atomic<std::uint32_t>& attention, unsigned own_number) noexcept
      : worker_base(attention, own_number), owner(its_run) {}

  run& owner;

  searching search = searching::no;
  std::uint32_t target = 1;       // items the next batch should have
  tick_clock::time_point looked;  // last look at the clock, and at which item of the batch
  std::uint32_t looked_at = 0;
  tick_clock::time_point flushed;         // last delivery out of the current batch
  std::chrono::nanoseconds item_time{0};  // of the last look
  sleeper sleep;

  // Where its time went, by part, up to `turned`; what it does since.
  std::array<std::chrono::nanoseconds, parts> spent{};
  tick_clock::time_point turned = tick_clock::now();
  part doing = part::nothing;
  tick_clock::time_point came = turned;  // when it last came or woke up
  std::chrono::nanoseconds shared{0};  // how much of its work it had done when it last woke another

  alignas(64) owned_mutex lock{kind_of_barrier};
  // Being filled: thieves take from its front; being worked on: from its back. Written by the owner
  // under the lock; without it what they point at is a hint, and is read under the run's
  // hint_lock_.
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

  // Free batches by the logarithm of their capacity.
  static constexpr unsigned sizes = 17;
  static constexpr unsigned kept = 8;
  std::array<batch*, sizes> spare{};
  std::array<unsigned, sizes> spares{};

  // Among short items the other side pays (11 us while the worker is running, by membarrier); where
  // an item is long enough to lose a locked instruction in it (6 ns), the worker does.
  void choose_barrier() noexcept {
    const auto kind = item_time >= short_item ? barrier_kind::symmetric : available_barrier();
    if (kind != barrier()) kind_of_barrier.store(kind);
  }
  [[nodiscard]] bool is_cheap_to_rob() const noexcept {
    return kind_of_barrier.load() == barrier_kind::symmetric;
  }

  void look_after(std::uint32_t items) noexcept { until_look = items; }
  [[nodiscard]] bool is_time_to_look() const noexcept { return until_look == 0; }

  // From now on its time goes to `next`. Returns what the time is.
  tick_clock::time_point turn_to(part next) noexcept {
    const auto now = tick_clock::now();
    time_of(doing) += now - turned;
    if (record != nullptr) [[unlikely]]
      record->turn(doing, now.time_since_epoch().count());
    turned = now;
    doing = next;
    return now;
  }
  // Time spent with items, by `now`.
  [[nodiscard]] std::chrono::nanoseconds busy_by(tick_clock::time_point now) const noexcept {
    const auto counted = time_of(part::working) + time_of(part::collecting);
    const bool is_busy = doing == part::working || doing == part::collecting;
    return is_busy ? counted + (now - turned) : counted;
  }
  [[nodiscard]] std::chrono::nanoseconds& time_of(part which) noexcept {
    return spent[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] std::chrono::nanoseconds time_of(part which) const noexcept {
    return spent[static_cast<std::size_t>(which)];
  }
};

}  // namespace parwork::detail
