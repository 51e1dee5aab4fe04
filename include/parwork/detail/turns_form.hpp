// Work whose items have to wait for their turn: `keyed`. It wraps the form that does the work.
//
// An item whose turn has not come goes on in a lone batch, as one that is tried again later does,
// so that its worker and its neighbours go on. Whoever ends an item offers the next of its line.
//
// Thread safety: every worker may call it, each for its own batch.
// Invariants:
// 1. An item stands in line from its pull until its outcome is final: also where a stop cancels it.
//    So the end of one item is what the next waits for, and a stop needs no list of who waits.
// 2. Who waits was pulled later than the first of its line, which is in a batch that a worker has
//    or may take: there is always somebody to wait for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "parwork/detail/claimed_items.hpp"
#include "parwork/detail/item_attempts.hpp"
#include "parwork/detail/key_lines.hpp"
#include "parwork/detail/work_record.hpp"

namespace parwork::detail {

template <class Types, class Inner>
class turns_form {
  using batch_type = typename Types::batch_type;
  using slot_type = typename batch_type::item_type;

 public:
  // REQUIRES: `attempts` outlives it.
  explicit turns_form(item_attempts<Types>& attempts)
      : attempts_(attempts), inner_(attempts), recorded_(attempts.services.recorded_work) {
    if (recorded_ != nullptr) recorded_->set_turns();
  }

  // Item `i` has been made: it stands in line, behind those of its key. One thread at a time for
  // those whose order counts.
  void stand_in_line(batch_type& b, std::uint32_t i) noexcept {
    if (b.has_known_outcome(i)) return;
    slot_type& slot = b.items()[i];
    try {
      slot.turn = lines_.join(attempts_.caller.key_of(b.item(i)));
    } catch (...) {
      slot.refused.emplace(current_failure());
    }
  }

  work_end work(worker_base& by, batch_type& b) {
    return for_claimed_items(
        by, b, [&](std::uint32_t i) { return begin(by, b, i); },
        [&](std::uint32_t i) {
          inner_.cancelled(b, i);
          leave(b.items()[i]);
        });
  }

  // True: it is to be settled at once.
  bool let_go(batch_type& lone) noexcept {
    slot_type& slot = *lone.items();
    if (!slot.waits_for_turn) return inner_.let_go(lone);
    return !waits(lone);  // once it waits it may be another worker's
  }

  work_end settle(worker_base& by, batch_type& lone) noexcept {
    if (lone.items()->waits_for_turn) return work_end::waiting;  // for nothing: it has come
    const work_end how = inner_.settle(by, lone);
    if (how == work_end::finished) leave(*lone.items());
    return how;
  }

 private:
  work_end begin(worker_base& by, batch_type& b, std::uint32_t i) {
    slot_type& slot = b.items()[i];
    if (slot.refused) {
      b.fail(i, 0, *std::move(slot.refused));
      attempts_.settle(b, i);
      return work_end::finished;
    }
    slot.waits_for_turn = !lines_.has_come(*slot.turn);
    if (slot.waits_for_turn) return wait(b, i);
    const work_end how = inner_.begin(by, b, i);
    if (how == work_end::finished && !b.outcomes()[i].is_moved()) leave(slot);
    return how;
  }

  // A lone item waits as outstanding, when its worker lets go of it.
  work_end wait(batch_type& b, std::uint32_t i) {
    if (b.capacity == 1) return work_end::outstanding;
    batch_type* const lone = attempts_.move_apart(b, i);
    if (lone == nullptr) {  // no memory to wait in
      b.fail(i, 0, failure(standing().out_of_memory));
      attempts_.settle(b, i);
      leave(b.items()[i]);
      return work_end::finished;
    }
    std::construct_at(b.outcomes() + i, *lone);
    if (!waits(*lone)) attempts_.services.retry_later(*lone);
    return work_end::finished;
  }

  // False: its turn has come instead.
  bool waits(batch_type& lone) noexcept {
    auto& turn = *lone.items()->turn;
    if (recorded_ == nullptr) [[likely]]
      return lines_.wait(turn, lone);
    const std::int64_t begun = recorded_->turns().begin();
    if (lines_.wait(turn, lone)) return true;
    recorded_->turns().withdraw(begun);
    return false;
  }

  void leave(slot_type& slot) noexcept {
    auto* const turn = std::exchange(slot.turn, nullptr);
    if (turn == nullptr) return;
    batch* const next = lines_.leave(*turn);
    if (next == nullptr) return;
    if (recorded_ != nullptr) [[unlikely]]
      recorded_->turns().end();
    attempts_.services.retry_later(*next);
  }

  item_attempts<Types>& attempts_;
  Inner inner_;
  work_record* const recorded_;  // asked where an item waits, and nowhere else
  typename Types::caller_type::lines_type lines_;
};

}  // namespace parwork::detail
