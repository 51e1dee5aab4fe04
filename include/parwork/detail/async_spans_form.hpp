// Asynchronous work on several items at once: work(std::span<Item>, batch_completer<R>). Its call
// starts a span, and a completer ends it.
//
// A span that is under way is a batch: the batch lies with nobody until its completer is used, and
// comes back as a whole. So nothing is allocated or listed for a single item. Items that must not
// wait with it are parted from it before: those that the generator had finished, in front of it and
// behind it.
//
// Thread safety: every worker may call it, each for its own batch. Completers end spans on any
// thread (async_call.hpp); the engine then has one worker settle the batch.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "parwork/detail/async_call.hpp"
#include "parwork/detail/item_attempts.hpp"

namespace parwork::detail {

template <class Types>
class async_spans_form {
  using batch_type = typename Types::batch_type;
  using item_type = typename Types::item_type;
  using outcome_type = typename Types::outcome_type;
  using span_type = async_span<typename Types::result_type>;

 public:
  // REQUIRES: `attempts` outlives it.
  explicit async_spans_form(item_attempts<Types>& attempts) noexcept : attempts_(attempts) {}

  work_end work(worker_base& by, batch_type& b) {
    for (std::uint32_t i = b.start;;) {
      const std::uint32_t count = by.next_span(b, i, b.attempts > 0 ? 1 : attempts_.caller.most());
      if (count == 0) return work_end::finished;
      if (by.stopping()) {
        for (const std::uint32_t end = i + count; i < end; ++i) b.cancel(i);
      } else if (const std::uint32_t known = take_known(b, i, count); known > 0) {
        i += known;
      } else if (i > b.start) {
        return work_end::finished;  // what was finished goes first; the engine parts the rest
      } else {
        const std::uint32_t some = b.unfinished(i, count);
        const work_end how = begin(by, b, i, some);
        if (how != work_end::finished) return how;
        i += some;
      }
    }
  }

  // The worker leaves the span to its completer: true where it is finished already.
  static bool let_go(batch_type& b) noexcept {
    // A copy: once the call is back, another thread may finish the span and its batch be used
    // again.
    const auto call = b.call.its;
    return call->returned();
  }

  // Outcomes for the whole span. Waiting: its only item, for another attempt.
  work_end settle(worker_base& by, batch_type& b) noexcept {
    const auto call = std::exchange(b.call.its, nullptr);
    const std::uint32_t from = b.call.first;
    b.move_back(from, b.call.room);
    const std::uint32_t failed = take_outcomes(b, from, *call);
    call->drop_results();
    call->close();
    if (by.record != nullptr) {
      by.record->outstanding_span_ended(call->recorded,
                                        {.index = b.first_index + from,
                                         .attempt = call->which().number,
                                         .how = how_all_ended(*call, failed),
                                         .items = call->size,
                                         .failed = failed},
                                        ref_to(b.item(from)));
    }
    work_end how = work_end::finished;
    if (call->is_left_undone()) return how;
    for (std::uint32_t i = from; i < from + call->size; ++i) {
      if (attempts_.settle_or_wait(b, i) == work_end::waiting) how = work_end::waiting;
    }
    return how;
  }

 private:
  // How many items from i on the generator has finished.
  static std::uint32_t take_known(batch_type& b, std::uint32_t i, std::uint32_t count) {
    std::uint32_t known = 0;
    while (known < count && b.take_known_outcome(i + known)) ++known;
    return known;
  }

  // Finished or waiting: there is no memory for the call, and its items have failed.
  work_end begin(worker_base& by, batch_type& b, std::uint32_t from, std::uint32_t count) {
    const unsigned number = b.attempts + 1;
    if (number > 1) attempts_.services.count_retry();
    attempt which{b.first_index + from, number};
    if (attempts_.rules.has_deadline()) which.deadline = attempts_.rules.deadline_from_now();
    std::span<item_type> items;
    try {
      items = prepare(by, b, from, count, which);
    } catch (const std::bad_alloc&) {
      return fail_all(b, from, count, number, current_failure());
    }
    if (by.record != nullptr) b.call.its->recorded = by.record->attempt_started();
    attempts_.caller.start(b.call.its, items);
    return work_end::outstanding;
  }

  std::span<item_type> prepare(worker_base& by, batch_type& b, std::uint32_t from,
                               std::uint32_t count, const attempt& which) {
    auto call = std::make_shared<span_type>(attempts_.services, b, which, count);
    by.part_behind(b, from + count);
    const auto items = b.together(from, count, b.call.room);
    b.call.first = from;
    b.call.its = std::move(call);
    return items;
  }

  work_end fail_all(batch_type& b, std::uint32_t from, std::uint32_t count, unsigned number,
                    const failure& why) {
    work_end how = work_end::finished;
    for (std::uint32_t i = from; i < from + count; ++i) {
      b.fail(i, number, failure(why));
      if (attempts_.settle_or_wait(b, i) == work_end::waiting) how = work_end::waiting;
    }
    return how;
  }

  // Returns how many have failed.
  std::uint32_t take_outcomes(batch_type& b, std::uint32_t from, span_type& call) {
    const unsigned number = call.which().number;
    if (call.was_late() || call.was_abandoned()) {
      const failure why = call.was_late() ? attempts_.rules.late_by(call.lateness())
                                          : failure(standing().abandoned);
      for (std::uint32_t i = from; i < from + call.size; ++i) b.fail(i, number, failure(why));
      return call.size;
    }
    std::uint32_t failed = 0;
    outcome_type* const first = b.outcomes() + from;
    call.hand_over([&](std::uint32_t i, auto&& make) {
      try {
        std::construct_at(first + i, number, make);
      } catch (...) {
        b.fail(from + i, number, current_failure());
      }
      if (!first[i].result().has_value()) ++failed;
    });
    return failed;
  }

  static attempt_result how_all_ended(const span_type& call, std::uint32_t failed) noexcept {
    if (call.was_late()) return attempt_result::timed_out;
    return failed > 0 ? attempt_result::failed : attempt_result::succeeded;
  }

  item_attempts<Types>& attempts_;
};

}  // namespace parwork::detail
