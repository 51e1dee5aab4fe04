// Asynchronous work: work(item, completer<R>). Its call starts an item, and a completer ends it.
//
// Thread safety: every worker may call it, each for its own item. Completers end items on any
// thread (async_call.hpp); the engine then has one worker settle the item.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "parwork/detail/async_call.hpp"
#include "parwork/detail/item_attempts.hpp"

namespace parwork::detail {

template <class Types>
class async_form {
  using batch_type = typename Types::batch_type;
  using outcome_type = typename Types::outcome_type;
  using result_type = typename Types::result_type;

 public:
  // REQUIRES: `attempts` outlives it.
  explicit async_form(item_attempts<Types>& attempts) noexcept : attempts_(attempts) {}

  // REQUIRES: a lone batch.
  work_end work(worker_base& by, batch_type& lone) {
    item_cursor cursor(by, lone);
    for (std::uint32_t i = lone.start;; ++i) {
      const claim claimed = cursor.next(i);
      if (claimed == claim::done) return work_end::finished;
      if (claimed == claim::cancel) {
        lone.cancel(i);
      } else if (!lone.take_known_outcome(i)) {
        const work_end how = begin(by, lone, i);
        if (how != work_end::finished) return how;
      }
    }
  }

  // Finished: there is no memory for the call, and no attempt left.
  work_end begin(worker_base& by, batch_type& lone, std::uint32_t) {
    const unsigned number = lone.attempts + 1;
    if (number > 1) attempts_.services.count_retry();
    attempt which{lone.first_index, number};
    if (attempts_.rules.has_deadline()) which.deadline = attempts_.rules.deadline_from_now();
    try {
      lone.call = std::make_shared<async_result<result_type>>(attempts_.services, lone, which);
    } catch (const std::bad_alloc&) {
      lone.fail(0, number, current_failure());
      return attempts_.settle_or_wait(lone, 0);
    }
    if (by.record != nullptr) lone.call->recorded = by.record->attempt_started();
    attempts_.caller.start(lone.call, lone.item(0), attempts_.after());
    return work_end::outstanding;
  }

  static void cancelled(batch_type&, std::uint32_t) noexcept {}

  // The worker leaves the item to its completer: true where it is finished already.
  static bool let_go(batch_type& lone) noexcept {
    // A copy: once the call is back, another thread may finish the item and its batch be used
    // again.
    const auto call = lone.call;
    return call->returned();
  }

  work_end settle(worker_base& by, batch_type& lone) noexcept {
    const auto call = std::exchange(lone.call, nullptr);
    take_outcome(lone, *call);
    call->result.reset();  // what is left of it goes now, not with the completer
    call->close();
    if (by.record != nullptr) {
      by.record->outstanding_ended(call->recorded, lone.first_index, call->which().number,
                                   how_ended(lone.outcomes()->result()), ref_to(lone.item(0)));
    }
    return call->is_left_undone() ? work_end::finished : attempts_.settle_or_wait(lone, 0);
  }

 private:
  void take_outcome(batch_type& lone, async_result<result_type>& call) {
    const unsigned number = call.which().number;
    if (call.was_late()) {
      lone.fail(0, number, attempts_.rules.late_by(call.lateness()));
    } else if (call.was_abandoned()) {
      lone.fail(0, number, failure(standing().abandoned));
    } else {
      std::construct_at(lone.outcomes(), number, [&] { return *std::move(call.result); });
    }
  }

  item_attempts<Types>& attempts_;
};

}  // namespace parwork::detail
