// The workers of a run, each at its number; behind them a generator's and a collector's own thread,
// and nobody's (run_shape).
//
// Thread safety: any thread reads; `add` is called by the worker's own thread, once a number.
// Invariants:
// 1. A worker that is there stays until the roster goes, so whoever found it may keep it.
// 2. Numbers of workers from `reached_` on are vacant, so nobody looks there: a run that may be
//    given more workers has many. A worker is added before it makes anything that others could
//    take, so who sees that thing sees the worker, too.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/worker.hpp"

namespace parwork::detail {

class roster {
 public:
  // REQUIRES: `places` as run_shape::numbers says.
  explicit roster(std::size_t places)
      : places_(places), workers_(places - numbers_beyond_workers) {}
  ~roster() {
    for (auto& place : places_) delete place.load();
  }
  roster(const roster&) = delete;
  roster& operator=(const roster&) = delete;

  // Null: none has come with this number yet.
  [[nodiscard]] worker* at(std::size_t number) const noexcept {
    return places_[number].load(std::memory_order_acquire);  // partner: add
  }
  // Takes it over.
  void add(worker& w) noexcept {
    places_[w.number].store(&w, std::memory_order_release);  // partner: whoever looks for workers
    if (w.number >= workers_) return;
    std::size_t before = reached_.load();
    while (before <= w.number && !reached_.compare_exchange_weak(before, w.number + 1)) {
    }
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    static_cast<void>(any([&](worker& w) {
      visit(w);
      return false;
    }));
  }

  // Whether `holds(worker)` of any, asked until one does.
  template <class Holds>
  [[nodiscard]] bool any(Holds&& holds) const {
    const std::size_t reached = reached_.load();
    const auto asked = [&](std::size_t number) {
      worker* const w = at(number);
      return w != nullptr && holds(*w);
    };
    for (std::size_t number = 0; number < reached; ++number) {
      if (asked(number)) return true;
    }
    for (std::size_t number = workers_; number < places_.size(); ++number) {
      if (asked(number)) return true;
    }
    return false;
  }

  // Tries `attempt(victim)` on every other worker, starting behind `number`, until one succeeds.
  template <class Try>
  bool any_other(unsigned number, Try&& attempt) const {
    const std::size_t reached = reached_.load();
    const auto tried = [&](std::size_t victim) {
      worker* const w = victim == number ? nullptr : at(victim);
      return w != nullptr && attempt(*w);
    };
    for (std::size_t victim = number + std::size_t{1}; victim < reached; ++victim) {
      if (tried(victim)) return true;
    }
    for (std::size_t victim = 0; victim < reached && victim < number; ++victim) {
      if (tried(victim)) return true;
    }
    for (std::size_t victim = workers_; victim < places_.size(); ++victim) {
      if (tried(victim)) return true;
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
  const std::size_t workers_;  // places of workers: the first
  std::atomic<std::size_t> reached_{0};
};

}  // namespace parwork::detail
