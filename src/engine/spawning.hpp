// Items that work adds to the run: their worker takes the newest, thieves the oldest.
//
// Each is in a lone batch, or, where results are folded, on a stack that the typed run keeps
// (`run_traits::stacks_spawned`): then this class says who has some, and moves them on a theft.
//
// Thread safety: stated with each member. Invariant: an item is counted before anybody can deliver
// it (see roster::spawned).
#pragma once

#include <typeinfo>

#include "engine/admission.hpp"
#include "engine/batch_stock.hpp"
#include "engine/roster.hpp"
#include "engine/wakeups.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

class spawning {
 public:
  spawning(run_hooks& hooks, const run_traits& traits, ordering order, const roster& workers,
           admission& entrance, batch_stock& stock, wakeups& wakes) noexcept
      : hooks_(hooks),
        traits_(traits),
        order_(order),
        workers_(workers),
        admission_(entrance),
        stock_(stock),
        wakeups_(wakes) {}
  spawning(const spawning&) = delete;
  spawning& operator=(const spawning&) = delete;

  // Adds `child`, an item of type `type`. Throws std::logic_error if that cannot be. The worker's
  // thread.
  void add(worker& w, const std::type_info& type, void* child);
  // The same on a thread that is no worker, for a worker that has none. One thread at a time, while
  // an attempt runs.
  void add_from_outside(worker& nobody, const std::type_info& type, void* child);

  // Whether another worker than `number` has some. Any thread.
  [[nodiscard]] bool is_there_work(unsigned number) const noexcept {
    return workers_.any_other(number, [](const worker& w) { return w.spawned.load() > 0; });
  }

  // What a worker got: a lone batch, or something on its stack.
  struct found {
    batch* lone = nullptr;
    bool on_stack = false;
  };
  // The newest of its own. The worker's thread.
  [[nodiscard]] found next_own(worker& w) noexcept;
  // The oldest of another's. The worker's thread.
  [[nodiscard]] found next_of_others(worker& w) noexcept;

 private:
  void check(const std::type_info& type) const;
  void list_child(worker& w, void* child);
  [[nodiscard]] static batch* take_newest(worker& w) noexcept;
  [[nodiscard]] static batch* take_oldest(worker& victim) noexcept;

  run_hooks& hooks_;
  const run_traits& traits_;
  const ordering order_;
  const roster& workers_;
  admission& admission_;
  batch_stock& stock_;
  wakeups& wakeups_;
};

}  // namespace parwork::detail
