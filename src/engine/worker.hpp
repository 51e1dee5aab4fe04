// What a run knows of one of its workers.
//
// Thread safety: `lock` guards what thieves reach for; the rest belongs to the worker's thread
// while it takes part, and to the calling thread after the run.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "engine/mutex.hpp"
#include "engine/parker.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

using clock = std::chrono::steady_clock;

class run;

// A thread that belongs to a run and sleeps in it. Guarded by the run's sleep lock, the parker
// aside.
struct sleeper {
  parker place;
  sleeper* next = nullptr;
  bool listed = false;  // asleep, or about to be, and nobody has chosen it yet
};

// Whether a thread was woken to look for work: at most one of a run is, at any time.
enum class searching { no, yes };

struct alignas(64) worker final : worker_base {
  worker(run& its_run, const std::atomic<std::uint32_t>& attention, unsigned own_number) noexcept
      : worker_base(attention, own_number), owner(its_run) {}

  run& owner;

  mutex lock;
  batch* pulling PARWORK_GUARDED_BY(lock) = nullptr;  // being filled: thieves take from its front
  batch* current PARWORK_GUARDED_BY(lock) = nullptr;  // being worked on: thieves take from its back
  batch* newest PARWORK_GUARDED_BY(lock) = nullptr;   // spawned here: the worker takes the newest,
  batch* oldest PARWORK_GUARDED_BY(lock) = nullptr;   // thieves the oldest
  std::atomic<std::uint32_t> spawned{
      0};  // how many there are; written under the lock, read without as a hint

  searching search = searching::no;
  std::uint32_t target = 1;  // items the next batch should have
  clock::time_point looked;  // last look at the clock, and at which item of the batch
  std::uint32_t looked_at = 0;
  clock::time_point flushed;              // last delivery out of the current batch
  std::chrono::nanoseconds item_time{0};  // of the last look
  sleeper sleep;

  std::chrono::nanoseconds pull_time{0};
  std::chrono::nanoseconds work_time{0};
  std::chrono::nanoseconds collect_time{0};

  // Free batches by the logarithm of their capacity.
  static constexpr unsigned sizes = 17;
  static constexpr unsigned kept = 8;
  std::array<batch*, sizes> spare{};
  std::array<unsigned, sizes> spares{};

  void look_after(std::uint32_t items) noexcept { until_look = items; }
  [[nodiscard]] bool is_time_to_look() const noexcept { return until_look == 0; }
};

}  // namespace parwork::detail
