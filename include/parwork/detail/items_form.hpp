// Work on one item after the other: work(item), work(item, context&), with a state or without.
//
// Thread safety: every worker may call it, each for its own batch.
#pragma once

#include <cstdint>
#include <memory>

#include "parwork/detail/claimed_items.hpp"
#include "parwork/detail/item_attempts.hpp"

namespace parwork::detail {

template <class Types>
class items_form {
  using batch_type = typename Types::batch_type;

 public:
  // REQUIRES: `attempts` outlives it.
  explicit items_form(item_attempts<Types>& attempts) noexcept : attempts_(attempts) {}

  work_end work(worker_base& by, batch_type& b) {
    if (!attempts_.rules.is_plain()) return work_with_rules(by, b);
    if (by.record != nullptr) return work_recorded(by, b);
    return work_through<recorded::no>(attempts_, by, b);
  }

  // --- for turns_form, which claims items ---
  work_end begin(worker_base& by, batch_type& b, std::uint32_t i) {
    if (by.record != nullptr) return work_with_retries<recorded::yes>(attempts_, by, b, i);
    return work_with_retries<recorded::no>(attempts_, by, b, i);
  }
  static void cancelled(batch_type&, std::uint32_t) noexcept {}
  static bool let_go(batch_type&) noexcept { return true; }
  static work_end settle(worker_base&, batch_type&) noexcept { return work_end::finished; }

 private:
  // One attempt an item. What is seldom called is elsewhere, so that this stays in registers.
  template <recorded Recorded>
  [[gnu::always_inline]] static work_end work_through(item_attempts<Types>& attempts,
                                                      worker_base& by, batch_type& b) {
    auto* const outcomes = b.outcomes();
    item_cursor cursor(by, b);
    for (std::uint32_t i = b.start;; ++i) {
      const claim claimed = cursor.next(i);
      if (claimed == claim::run) [[likely]] {
        if (b.take_known_outcome(i)) continue;
        const attempt which{b.first_index + i, 1};
        attempts.attempt_into(by, b, i, which, outcomes + i);
        note_attempt<Recorded>(by, b, i, which);
        attempts.settle(b, i);
      } else if (claimed == claim::cancel) {
        b.cancel(i);
      } else {
        return work_end::finished;
      }
    }
  }

  [[gnu::noinline]] work_end work_recorded(worker_base& by, batch_type& b) {
    return work_through<recorded::yes>(attempts_, by, b);
  }
  [[gnu::noinline]] work_end work_with_rules(worker_base& by, batch_type& b) {
    return for_claimed_items(
        by, b, [&](std::uint32_t i) { return begin(by, b, i); }, [](std::uint32_t) {});
  }

  // Attempts follow each other at once while there is nothing to wait for.
  template <recorded Recorded>
  static work_end work_with_retries(item_attempts<Types>& attempts, worker_base& by, batch_type& b,
                                    std::uint32_t i) {
    using follow_up = typename item_attempts<Types>::follow_up;
    for (unsigned number = b.attempts + 1;; ++number) {
      if (number > 1) attempts.services.count_retry();
      const attempt which{b.first_index + i, number};
      attempts.timed_attempt_into(by, b, i, which);
      note_attempt<Recorded>(by, b, i, which);
      const follow_up next = attempts.after_attempt(b.outcomes()[i]);
      if (next == follow_up::none) attempts.settle(b, i);
      if (next != follow_up::another) return work_end::finished;
      const auto wait = attempts.rules.wait_after(number, which.index);
      if (wait.count() > 0 || by.is_paused()) return attempts.wait_for_retry(b, i, wait);
      if (by.stopping()) return work_end::finished;
      std::destroy_at(b.outcomes() + i);
    }
  }

  item_attempts<Types>& attempts_;
};

}  // namespace parwork::detail
