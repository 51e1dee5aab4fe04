// Work in stages, some of them limited: `stages`, `limited`.
//
// An item goes through its stages on one worker. Where it finds a stage full it goes on in a lone
// batch, as one that is tried again later does; who leaves the stage hands the place over.
//
// Thread safety: every worker may call it, each for its own batch.
// Invariants:
// 1. A place is an item's from `enter`, or its hand-over, to the end of the attempts that need not
//    wait. It is given back before anybody can see the item's outcome.
// 2. An item whose place was handed over is offered: a stop cancels it, and it hands the place on.
//    So all who wait come out one after the other, and a stop needs no list of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <expected>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "parwork/detail/claimed_items.hpp"
#include "parwork/detail/item_attempts.hpp"
#include "parwork/detail/item_notes.hpp"
#include "parwork/detail/work_record.hpp"

namespace parwork::detail {

template <class Types>
class stages_form {
  using batch_type = typename Types::batch_type;
  using outcome_type = typename Types::outcome_type;
  using expected_type = typename Types::expected_type;
  using caller_type = typename Types::caller_type;
  using state_type = typename caller_type::stage_state_type;
  using follow_up = typename item_attempts<Types>::follow_up;

  static constexpr std::size_t count = caller_type::count;
  // The types of an attempt of a stage.
  template <std::size_t K>
  using result_at = typename std::remove_reference_t<
      decltype(std::declval<caller_type&>().template at<K>())>::result_type;

 public:
  // REQUIRES: `attempts` outlives it.
  explicit stages_form(item_attempts<Types>& attempts)
      : attempts_(attempts), recorded_(attempts.services.recorded_work) {
    if (recorded_ != nullptr) recorded_->set_stages(caller().limits());
  }

  work_end work(worker_base& by, batch_type& b) {
    return for_claimed_items(
        by, b, [&](std::uint32_t i) { return begin(by, b, i); },
        [&](std::uint32_t i) { cancelled(b, i); });
  }
  void cancelled(batch_type& b, std::uint32_t i) noexcept { give_back_place(state(b, i)); }

  // Goes on at the stage where the item is. Outstanding: it waits for a place, and is alone.
  work_end begin(worker_base& by, batch_type& b, std::uint32_t i) { return from<0>(by, b, i); }

  // True: it has its place.
  bool let_go(batch_type& lone) noexcept {
    state_type& its = state(lone, 0);
    if (waits(lone, its.stage)) return false;  // it may be another worker's by now
    its.has_place = true;
    return true;
  }
  // For nothing: the item has its place.
  static work_end settle(worker_base&, batch_type&) noexcept { return work_end::waiting; }

 private:
  static state_type& state(batch_type& b, std::uint32_t i) noexcept { return b.items()[i]; }
  caller_type& caller() noexcept { return attempts_.caller; }

  template <std::size_t K>
  work_end from(worker_base& by, batch_type& b, std::uint32_t i) {
    if (state(b, i).stage == K) {
      if (K > 0 && by.is_called_away() && !is_begun(b, i)) {
        const std::optional<work_end> how = stop_or_rest(by, b, i);
        if (how) return *how;
      }
      const std::optional<work_end> how = do_stage<K>(by, b, i);
      if (how) return *how;
    }
    if constexpr (K + 1 < count) return from<K + 1>(by, b, i);
    std::unreachable();
  }

  // Claimed for this stage, or between two attempts of it: not between stages.
  static bool is_begun(batch_type& b, std::uint32_t i) noexcept {
    return b.attempts > 0 || state(b, i).has_place;
  }

  // Between two stages: a stop cancels the item, in a pause it waits without a worker.
  std::optional<work_end> stop_or_rest(worker_base& by, batch_type& b, std::uint32_t i) {
    if (by.stopping()) {
      b.cancel(i);
      return work_end::finished;
    }
    if (!by.is_paused()) return std::nullopt;
    if (b.capacity == 1) {
      b.wait = {};
      return work_end::waiting;
    }
    batch_type* const lone = attempts_.move_apart(b, i);
    if (lone == nullptr) return std::nullopt;  // no memory to wait in: it goes on
    std::construct_at(b.outcomes() + i, *lone);
    attempts_.services.retry_later(*lone);
    return work_end::finished;
  }

  // Nothing: the item has passed the stage, and is not at its end.
  template <std::size_t K>
  std::optional<work_end> do_stage(worker_base& by, batch_type& b, std::uint32_t i) {
    if constexpr (caller_type::template is_limited<K>) {
      if (!state(b, i).has_place && !caller().line(K).enter()) return wait_for_place(b, i);
      state(b, i).has_place = true;
    }
    for (unsigned number = b.attempts + 1;; ++number) {
      if (number > 1) attempts_.services.count_retry();
      if (attempt_passed<K>(by, b, i, number)) return pass<K>(b, i);
      const follow_up next = attempts_.after_attempt(b.outcomes()[i]);
      if (next == follow_up::none) attempts_.settle(b, i);
      if (next != follow_up::another) break;
      const auto wait = attempts_.rules.wait_after(number, b.first_index + i);
      if (wait.count() > 0 || by.is_paused()) {
        give_back_place(state(b, i));
        return attempts_.wait_for_retry(b, i, wait);
      }
      if (by.stopping()) break;
      std::destroy_at(b.outcomes() + i);
    }
    give_back_place(state(b, i));
    return work_end::finished;
  }

  template <std::size_t K>
  std::optional<work_end> pass(batch_type& b, std::uint32_t i) {
    give_back_place(state(b, i));
    if constexpr (K + 1 == count) {
      attempts_.settle(b, i);
      return work_end::finished;
    } else {
      state(b, i).stage = K + 1;
      b.attempts = 0;  // the next stage has attempts of its own; not 0 in a lone batch alone
      b.last_failure.reset();
      return std::nullopt;
    }
  }

  // True: what the stage returned is kept for the next, or is the outcome. False: the outcome is
  // its failure.
  template <std::size_t K>
  bool attempt_passed(worker_base& by, batch_type& b, std::uint32_t i, unsigned number) {
    attempt which{b.first_index + i, number};
    const auto deadline = attempts_.rules.deadline_from_now();
    if (attempts_.rules.has_deadline()) which.deadline = deadline;
    auto came_to = attempted<K>(by, b, i, which);
    if (attempts_.rules.has_deadline()) refuse_late(came_to, deadline);
    if (came_to.has_value()) keep<K>(b, i, number, came_to);
    if (by.record != nullptr) {
      by.record->stage_ended(K, which.index, number, how_ended(came_to), ref_to(b.item(i)));
    }
    if (came_to.has_value()) return true;
    std::construct_at(b.outcomes() + i, number, [&] {
      return expected_type(std::unexpect, caller_type::has_stages ? at_stage(came_to.error(), K)
                                                                  : std::move(came_to).error());
    });
    return false;
  }

  template <std::size_t K>
  std::expected<result_at<K>, failure> attempted(worker_base& by, batch_type& b, std::uint32_t i,
                                                 const attempt& which) noexcept {
    try {
      // What was carried is nobody else's, and the next attempt's alone if there may be one.
      const afterwards after =
          K == 0 || attempts_.rules.may_retry() ? after_first<K>() : afterwards::item_is_free;
      return caller().template at<K>().call(attempts_.services, by,
                                            caller_type::template input<K>(b.item(i), state(b, i)),
                                            which, after);
    } catch (...) {
      return std::expected<result_at<K>, failure>(std::unexpect, current_failure());
    }
  }
  template <std::size_t K>
  afterwards after_first() const noexcept {
    return K == 0 ? attempts_.after() : afterwards::item_is_needed;
  }

  template <class R>
  void refuse_late(std::expected<R, failure>& came_to, attempt_rules::clock::time_point deadline) {
    const auto now = attempt_rules::clock::now();
    if (now > deadline) came_to = std::unexpected(attempts_.rules.late_by(now - deadline));
  }

  // Keeping may fail, then the attempt has failed.
  template <std::size_t K>
  void keep(batch_type& b, std::uint32_t i, unsigned number,
            std::expected<result_at<K>, failure>& came_to) noexcept {
    try {
      if constexpr (K + 1 == count) {
        std::construct_at(b.outcomes() + i, number, [&] { return std::move(came_to); });
      } else {
        state(b, i).carried.template emplace<K + 1>(*std::move(came_to));
      }
    } catch (...) {
      came_to = std::unexpected(current_failure());
    }
  }

  std::optional<work_end> wait_for_place(batch_type& b, std::uint32_t i) {
    if (b.capacity == 1) {
      b.wait = {};
      return work_end::outstanding;
    }
    batch_type* const lone = attempts_.move_apart(b, i);
    if (lone == nullptr) {  // no memory to wait in
      b.fail(i, 0, failure(standing().out_of_memory));
      attempts_.settle(b, i);
      return work_end::finished;
    }
    std::construct_at(b.outcomes() + i, *lone);
    if (let_go(*lone)) attempts_.services.retry_later(*lone);
    return work_end::finished;
  }

  // False: it has a place instead.
  bool waits(batch_type& lone, unsigned stage) noexcept {
    limit_line& line = caller().line(stage);
    if (recorded_ == nullptr) [[likely]]
      return line.wait(lone);
    wait_record& record = recorded_->waits_of(stage);
    const std::int64_t begun = record.begin();
    if (line.wait(lone)) return true;
    record.withdraw(begun);
    return false;
  }

  void give_back_place(state_type& its) noexcept {
    if (!std::exchange(its.has_place, false)) return;
    batch* const next = caller().line(its.stage).leave();
    if (next == nullptr) return;
    if (recorded_ != nullptr) [[unlikely]]
      recorded_->waits_of(its.stage).end();
    state(static_cast<batch_type&>(*next), 0).has_place = true;
    attempts_.services.retry_later(*next);
  }

  item_attempts<Types>& attempts_;
  work_record* const recorded_;  // asked where an item waits, and nowhere else
};

}  // namespace parwork::detail
