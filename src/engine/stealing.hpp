// What other workers have pulled or begun and not started.
//
// The owner of a batch takes items from its front by plain stores, thieves take from its back. See
// barrier.hpp for the protocol and item_cursor::next for the owner's side.
//
// Thread safety: stated with each member. Invariant: what is taken is in the order right behind
// what it was taken from.
#pragma once

#include <cstdint>

#include "engine/admission.hpp"
#include "engine/batch_stock.hpp"
#include "engine/lingering.hpp"
#include "engine/roster.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/run.hpp"

namespace parwork::detail {

class stealing {
 public:
  // Those that pay for the barrier themselves, or also those from whom it costs the thief one.
  enum class victims { cheap, all };

  stealing(run_hooks& hooks, const roster& workers, admission& entrance, batch_stock& stock,
           lingering& waits) noexcept
      : hooks_(hooks), workers_(workers), admission_(entrance), stock_(stock), lingering_(waits) {}
  stealing(const stealing&) = delete;
  stealing& operator=(const stealing&) = delete;

  // Whether anybody has items that it has not started. Any thread. A hint: the batches may change
  // at once, but are not freed meanwhile: who frees one has been handed it by a worker that had
  // cleared its pointer before.
  [[nodiscard]] bool is_there_work(victims whom) noexcept;
  // Null: there is nothing. The worker's thread.
  [[nodiscard]] batch* next(worker& w, victims whom);

  // Items [from, upto), which nobody has claimed, in a batch of their own; null if there is no
  // memory for it. REQUIRES: nobody else can reach `b`.
  [[nodiscard]] batch* split_off(worker& w, batch& b, std::uint32_t from,
                                 std::uint32_t upto) noexcept;

 private:
  // Slots of a batch that is being filled: those below may be taken.
  [[nodiscard]] std::uint32_t takeable(const batch& pulled) const noexcept {
    return lingering_.is_used() ? lingering_.takeable() : pulled.filled.load();
  }
  [[nodiscard]] batch* take_front(worker& w, worker& victim);
  [[nodiscard]] batch* take_back(worker& w, worker& victim);
  [[nodiscard]] batch* part_of(worker& w, batch& b, std::uint32_t from,
                               std::uint32_t upto) noexcept;
  void move_part(batch& b, std::uint32_t from, std::uint32_t upto, batch& rest) noexcept;

  run_hooks& hooks_;
  const roster& workers_;
  admission& admission_;
  batch_stock& stock_;
  lingering& lingering_;
};

}  // namespace parwork::detail
