// How finished items reach the collector: by combining. A worker that finds the gate free delivers
// what it has and what others have left; one that finds it taken leaves its batch and goes on.
// Whoever lets go of the gate looks again, so nothing is left behind.
//
// Thread safety: stated with each member. Invariants:
// 1. One thread at a time holds the gate, calls the collector and frees batches that were left.
// 2. The gate and what has been left at it are one word, so that letting go and leaving cannot miss
//    each other: a holder lets go by exchanging exactly `held` for nothing.
// 3. With a fold there is no gate: each worker delivers its own batches.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/batch_stock.hpp"
#include "engine/credits.hpp"
#include "engine/ending.hpp"
#include "engine/roster.hpp"
#include "engine/run_shape.hpp"
#include "engine/wakeups.hpp"
#include "engine/window.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

class delivery {
 public:
  delivery(run_hooks& hooks, const run_shape& shape, const roster& workers, credits& its_credits,
           window& order, batch_stock& stock, wakeups& wakes, ending& its_end) noexcept
      : hooks_(hooks),
        shape_(shape),
        workers_(workers),
        credits_(its_credits),
        window_(order),
        stock_(stock),
        wakeups_(wakes),
        ending_(its_end) {}
  delivery(const delivery&) = delete;
  delivery& operator=(const delivery&) = delete;

  // Takes a batch over, whose worker does not touch it any more: delivers it, or leaves it to who
  // collects.
  void take(worker& w, batch& b) noexcept;
  // Delivers what is finished of the worker's own batch, or asks who collects to.
  void flush(worker& w, batch& b) noexcept;
  // Delivers what has been asked for, if the gate is free. True: it was.
  bool collect_if_requested(worker& w) noexcept;
  [[nodiscard]] bool may_collect(unsigned number) const noexcept;
  [[nodiscard]] bool is_requested() const noexcept {
    const std::uintptr_t now = word_.load();
    return now != 0 && (now & held) == 0;
  }

  // Whether worker `number` could collect something. Asks for a delivery of finished items in
  // batches that are being worked on. Any thread.
  [[nodiscard]] bool is_there_work(unsigned number) noexcept;

  // The holder of the gate has handed slots below `upto` over, `items` more than before.
  void note_delivered(worker& w, batch& b, std::uint32_t upto, std::uint32_t items) noexcept;
  // Counts delivered items of a kind: there is room for new ones now.
  void account(worker& w, origin from, std::uint32_t items) noexcept;

  // The caller lets go of an item that was kept for it, and of `left` more it has not yet.
  void let_go(worker& caller, const kept_item& its, std::uint64_t left) noexcept;

  // The course of a collector's own thread.
  void collect_until_over(worker& w) noexcept;

  // After the run: batches that were empty when the last item was delivered.
  void free_left() noexcept;

 private:
  static constexpr std::uintptr_t held = 1;    // somebody collects
  static constexpr std::uintptr_t search = 2;  // also deliver out of the window, or, without order,
                                               // out of batches that are being worked on
  static constexpr std::uintptr_t flags = held | search;

  [[nodiscard]] static batch* batches_in(std::uintptr_t left) noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): pointer and flags have to change in one exchange
    return reinterpret_cast<batch*>(left & ~flags);
  }
  // Kept items that have been let go of, and are not accounted for yet.
  struct items_let_go {
    std::uint32_t pulled = 0;
    std::uint32_t spawned = 0;
    outcome_counts counts;
  };

  void request(worker& w, std::uintptr_t what) noexcept;
  void leave(worker& w, batch& b) noexcept;
  void collect(worker& w, std::uintptr_t left, batch* own) noexcept;
  void collect_left(worker& w, std::uintptr_t left) noexcept;
  void drain_window(worker& w) noexcept;
  [[nodiscard]] bool is_exhausted(worker& w, const batch& b) noexcept;
  void harvest(worker& w) noexcept;
  void deliver_upto(worker& w, batch& b, std::uint32_t upto) noexcept;
  [[nodiscard]] bool has_finished_items() noexcept;

  run_hooks& hooks_;
  const run_shape& shape_;
  const roster& workers_;
  credits& credits_;
  window& window_;
  batch_stock& stock_;
  wakeups& wakeups_;
  ending& ending_;
  items_let_go let_go_;  // the caller's own
  // Finished batches, newest first, and two flags.
  alignas(64) std::atomic<std::uintptr_t> word_{0};
};

}  // namespace parwork::detail
