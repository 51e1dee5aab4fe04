// Work on several items at once: batched(...), called with a span of them.
//
// Thread safety: every worker may call it, each for its own batch.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <span>

#include "parwork/detail/item_attempts.hpp"

namespace parwork::detail {

template <class Types>
class spans_form {
  using batch_type = typename Types::batch_type;

 public:
  // REQUIRES: `attempts` outlives it.
  explicit spans_form(item_attempts<Types>& attempts) noexcept : attempts_(attempts) {}

  work_end work(worker_base& by, batch_type& b) {
    for (std::uint32_t i = b.start;;) {
      const std::uint32_t count = by.next_span(b, i, b.attempts > 0 ? 1 : attempts_.caller.most());
      if (count == 0) return work_end::finished;
      if (by.stopping()) {
        for (const std::uint32_t end = i + count; i < end; ++i) b.cancel(i);
      } else if (b.take_known_outcome(i)) {
        ++i;
      } else {
        const std::uint32_t some = b.unfinished(i, count);
        if (work_span(by, b, i, some) == work_end::waiting) return work_end::waiting;
        i += some;
      }
    }
  }

 private:
  work_end work_span(worker_base& by, batch_type& b, std::uint32_t from, std::uint32_t count) {
    const unsigned number = b.attempts + 1;
    if (number > 1) attempts_.services.count_retry();
    const auto deadline = attempts_.rules.deadline_from_now();
    span_into(b, from, count, number);
    if (by.record != nullptr) note_span(by, b, from, count, number);
    if (attempts_.rules.is_plain()) [[likely]] {
      for (std::uint32_t i = from; i < from + count; ++i) attempts_.settle(b, i);
      return work_end::finished;
    }
    const bool timed = attempts_.rules.has_deadline();
    const auto now = timed ? attempt_rules::clock::now() : deadline;
    for (std::uint32_t i = from; i < from + count; ++i) {
      attempts_.refuse_late(b, i, number, deadline, now);
      if (attempts_.settle_or_wait(b, i) == work_end::waiting) return work_end::waiting;
    }
    return work_end::finished;
  }

  // Outcomes for [from, from + count): a result each, or the one exception.
  void span_into(batch_type& b, std::uint32_t from, std::uint32_t count, unsigned number) {
    using item_type = typename Types::item_type;
    std::uint32_t made = 0;
    try {
      auto results = b.with_span(
          from, count, [&](std::span<item_type> items) { return attempts_.caller.call(items); });
      auto* const outcomes = b.outcomes() + from;
      for (; made < count; ++made) {
        std::construct_at(outcomes + made, number,
                          [&] { return attempts_.caller.take(results[made]); });
      }
    } catch (...) {
      const failure why = current_failure();
      for (std::uint32_t i = 0; i < made; ++i) std::destroy_at(b.outcomes() + from + i);
      for (std::uint32_t i = 0; i < count; ++i) b.fail(from + i, number, failure(why));
    }
  }

  static void note_span(worker_base& by, batch_type& b, std::uint32_t from, std::uint32_t count,
                        unsigned number) noexcept {
    std::uint32_t failed = 0;
    for (std::uint32_t i = from; i < from + count; ++i) {
      if (!b.outcomes()[i].result().has_value()) ++failed;
    }
    by.record->span_ended(b.first_index + from, count, number, failed, ref_to(b.item(from)));
  }

  item_attempts<Types>& attempts_;
};

}  // namespace parwork::detail
