// The workers of a run, each at its number; behind them a generator's and a collector's own thread.
//
// Thread safety: any thread reads; `add` is called by the worker's own thread, once a number.
// Invariants: a worker that is there stays until the roster goes, so whoever found it may keep it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/worker.hpp"

namespace parwork::detail {

class roster {
 public:
  explicit roster(std::size_t places) : places_(places) {}
  ~roster() {
    for (auto& place : places_) delete place.load();
  }
  roster(const roster&) = delete;
  roster& operator=(const roster&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }

  // Null: none has come with this number yet.
  [[nodiscard]] worker* at(std::size_t number) const noexcept {
    return places_[number].load(std::memory_order_acquire);  // partner: add
  }
  // Takes it over.
  void add(worker& w) noexcept {
    places_[w.number].store(&w, std::memory_order_release);  // partner: whoever looks for workers
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t number = 0; number < places_.size(); ++number) {
      if (worker* const w = at(number)) visit(*w);
    }
  }

  // Tries `attempt(victim)` on every other worker, starting behind `number`, until one succeeds.
  template <class Try>
  bool any_other(unsigned number, Try&& attempt) const {
    const auto count = places_.size();
    for (std::size_t ahead = 1; ahead < count; ++ahead) {
      worker* const victim = at((number + ahead) % count);
      if (victim != nullptr && attempt(*victim)) return true;
    }
    return false;
  }

  // What all have handed to the collector, by its end. A statistic while the run goes on.
  [[nodiscard]] outcome_counts handed_over() const noexcept;
  // Items that work has added. Each is counted by its worker before its delivery is by another: so
  // what is counted here covers every delivery that was counted before.
  [[nodiscard]] std::uint64_t spawned() const noexcept;
  // Of those, how many have been delivered.
  [[nodiscard]] std::uint64_t delivered_spawned() const noexcept;

 private:
  std::vector<std::atomic<worker*>> places_;
};

}  // namespace parwork::detail
