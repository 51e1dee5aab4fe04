#include "nats/work_table.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <optional>
#include <ranges>
#include <utility>

#include "parwork/failure.hpp"
#include "parwork/nats_errors.hpp"

namespace parwork::nats::detail {

namespace {

failure failure_from(const outcome& its) noexcept {
  try {
    failure why(its.why, std::string(its.message));
    return its.stage ? parwork::detail::at_stage(why, *its.stage) : why;
  } catch (const std::bad_alloc&) {
    return parwork::detail::standing().out_of_memory;
  }
}

template <class Say>
failure said(failure_kind kind, Say&& text) noexcept {
  try {
    return failure(kind, std::forward<Say>(text)());
  } catch (const std::bad_alloc&) {
    return parwork::detail::standing().out_of_memory;
  }
}

}  // namespace

span_number work_table::submit(std::unique_ptr<outgoing_span> span) {
  const auto size = static_cast<std::uint32_t>(span->size());
  outgoing_span& items = *span;
  const span_number number = spans_.open(std::move(span));
  // A span that was stopped already has called the listener, whose message comes later.
  piece run{number.place, 0, 0};  // those that have no outcome yet
  std::size_t settled_items = 0;
  for (std::uint32_t item = 0; item < size; ++item) {
    if (settle_at_submission(items, item) == settled::no) {
      ++run.count;
      continue;
    }
    ++settled_items;
    if (run.count > 0) pending_.append(run);
    run = {number.place, item + 1, 0};
  }
  if (run.count > 0) pending_.append(run);
  if (settled_items > 0) spans_.settle(number.place, settled_items);
  return number;
}

work_table::settled work_table::settle_at_submission(outgoing_span& span, std::uint32_t item) {
  const std::string_view bytes = span.bytes_of(item);
  if (bytes.size() > largest_payload) {
    refuse_item(span, item);
    return settled::yes;
  }
  if (kept_.empty()) return settled::no;
  const bool is_kept = kept_.use(bytes, [&](const outcome& its) {
    ++done_;
    if (its.kind == outcome_kind::result) {
      span.succeed(item, its.result);
    } else {
      ++failed_;
      span.fail(item, failure_from(its));
    }
  });
  return is_kept ? settled::yes : settled::no;
}

void work_table::refuse_item(outgoing_span& span, std::uint32_t item) noexcept {
  ++done_;
  ++failed_;
  span.fail(item, said(failure_kind::error, [&]() -> std::string {
              return payload_too_large("an item of " + std::to_string(span.bytes_of(item).size()) +
                                       " bytes is beyond the 64 MiB of a message: give its place "
                                       "in a file that the workers can read")
                  .what();
            }));
}

open_batch& work_table::open(const session_id& worker) {
  open_batch& one = batches_[++last_number_];
  one.number = last_number_;
  one.worker = worker;
  return one;
}

open_batch* work_table::next_fresh(const session_id& worker, const batch_bounds& most) {
  if (pending_.fresh() == 0) return nullptr;
  open_batch& one = open(worker);
  pending_.take(spans_, most, one.pieces);
  for (const piece& some : one.pieces) one.items += some.count;
  return &one;
}

open_batch* work_table::next_suspect(const session_id& worker) {
  if (!pending_.has_suspects()) return nullptr;
  open_batch& one = open(worker);
  one.single = pending_.take_suspect(worker);
  one.how = one.single->how;
  one.items = 1;
  return &one;
}

void work_table::fill(const open_batch& from, std::vector<batch_item>& into) {
  into.clear();
  const auto add = [&](const piece& some) {
    const outgoing_span& span = spans_.at(some.place);
    for (std::uint32_t item = some.first; item < some.first + some.count; ++item) {
      into.push_back({span.first_index + item, span.attempt, span.bytes_of(item)});
    }
  };
  for (const piece& some : from.pieces) add(some);
  if (from.single) add({from.single->place, from.single->item, 1});
}

open_batch* work_table::find(std::uint64_t batch, const session_id& worker) noexcept {
  const auto at = batches_.find(batch);
  return at != batches_.end() && at->second.worker == worker ? &at->second : nullptr;
}

work_table::settled work_table::settle(std::uint32_t place, std::uint32_t item,
                                       const outcome& its) noexcept {
  if (its.kind == outcome_kind::not_started) return settled::no;
  ++done_;
  if (its.kind == outcome_kind::result) {
    spans_.at(place).succeed(item, its.result);
  } else {
    ++failed_;
    spans_.at(place).fail(item, failure_from(its));
  }
  return settled::yes;
}

void work_table::finish(open_batch& one, const result& what, time_point now,
                        std::vector<executed_items>* executed) {
  // Taken out first: what the end of a span calls finds the table in order.
  const auto node = batches_.extract(one.number);
  const open_batch& ended = node.mapped();
  // A worker that answers for other items than it was given has no outcome for these.
  const outcome wrong{.kind = outcome_kind::failed,
                      .why = failure_kind::error,
                      .message =
                          "parwork: a worker answered with another number of results than "
                          "it was given items; are all workers of this program's version?"};
  std::vector<outcome> all_wrong;
  if (what.outcomes.size() != ended.items) all_wrong.assign(ended.items, wrong);
  const outcome* outcomes = all_wrong.empty() ? what.outcomes.data() : all_wrong.data();

  if (const suspect_ptr& single = ended.single) {
    const std::uint64_t index =
        single->is_done ? 0 : spans_.at(single->place).first_index + single->item;
    if (executed && !single->is_done && outcomes->kind != outcome_kind::not_started) {
      executed->push_back({index, 1, outcomes->kind == outcome_kind::failed ? 1U : 0U});
    }
    finish_suspect(*single, *outcomes);
    if (!single->is_done) return_suspect(single, now);
    return;
  }
  for (const piece& some : ended.pieces) {
    executed_items counted{spans_.at(some.place).first_index + some.first, some.count, 0};
    finish_piece(some, outcomes, now, counted);
    outcomes += some.count;
    if (executed && counted.count > 0) executed->push_back(counted);
  }
}

void work_table::finish_piece(const piece& some, const outcome* outcomes, time_point now,
                              executed_items& counted) {
  std::size_t settled_items = 0;
  const std::uint64_t failed_before = failed_;
  for (std::uint32_t i = 0; i < some.count; ++i) {
    if (settle(some.place, some.first + i, outcomes[i]) == settled::yes) ++settled_items;
  }
  counted.failed = static_cast<std::uint32_t>(failed_ - failed_before);
  counted.count = static_cast<std::uint32_t>(settled_items);
  if (settled_items < some.count) {
    // From behind, as each goes before the others.
    for (std::uint32_t i = some.count; i-- > 0;) {
      if (outcomes[i].kind == outcome_kind::not_started) {
        return_piece({some.place, some.first + i, 1}, now);
      }
    }
  }
  if (settled_items > 0) spans_.settle(some.place, settled_items);
}

void work_table::finish_suspect(suspect& one, const outcome& its) noexcept {
  if (one.is_done || settle(one.place, one.item, its) == settled::no) return;
  one.is_done = true;
  spans_.settle(one.place, 1);
}

void work_table::give_back(open_batch& one, time_point now) {
  const auto node = batches_.extract(one.number);
  const open_batch& ended = node.mapped();
  for (const piece& some : ended.pieces | std::views::reverse) return_piece(some, now);
  if (ended.single && !ended.single->is_done) return_suspect(ended.single, now);
}

void work_table::return_piece(const piece& some, time_point now) {
  if (!spans_.is_stopped(some.place)) return pending_.put_back(some);
  for (std::uint32_t i = 0; i < some.count; ++i) end_item(some.place, some.first + i, now);
}

void work_table::return_suspect(const suspect_ptr& one, time_point now) {
  if (!spans_.is_stopped(one->place)) return pending_.put_back(one);
  one->is_done = true;
  end_item(one->place, one->item, now);
}

void work_table::end_item(std::uint32_t place, std::uint32_t item, time_point now) noexcept {
  outgoing_span& span = spans_.at(place);
  const auto& standing = parwork::detail::standing();
  span.fail(item, span.deadline && *span.deadline <= now ? standing.timed_out : standing.cancelled);
  ++done_;
  ++failed_;
  spans_.settle(place, 1);
}

void work_table::end_pending(time_point now) {
  pending_.sift([&](std::uint32_t place, std::uint32_t item) {
    if (!spans_.is_stopped(place)) return false;
    end_item(place, item, now);
    return true;
  });
  pending_.sift_suspects([&](suspect& one) {
    if (one.is_done) return true;
    if (!spans_.is_stopped(one.place)) return false;
    one.is_done = true;
    end_item(one.place, one.item, now);
    return true;
  });
}

void work_table::lose(open_batch& one, std::string_view by, time_point now) {
  const auto node = batches_.extract(one.number);
  const open_batch& ended = node.mapped();
  lost_batch& lost = lost_[ended.number];
  lost.worker = ended.worker;
  if (ended.single) {
    lost.items.push_back(ended.single);
    if (ended.single->is_done) return;
    count_loss(ended, by);
    if (!ended.single->is_done) return_suspect(ended.single, now);
  } else {
    lost.items.reserve(ended.items);
    suspect_all(ended, now, lost.items);
  }
}

void work_table::suspect_all(const open_batch& one, time_point now,
                             std::vector<suspect_ptr>& into) {
  for (const piece& some : one.pieces) {
    for (std::uint32_t i = 0; i < some.count; ++i) {
      const auto item = std::make_shared<suspect>(suspect{
          .place = some.place, .item = some.first + i, .executions = 1, .lost_by = one.worker});
      into.push_back(item);
      return_suspect(item, now);
    }
  }
}

void work_table::count_loss(const open_batch& one, std::string_view by) noexcept {
  suspect& item = *one.single;
  item.lost_by = one.worker;
  if (!one.is_started) return;
  ++item.executions;
  if (item.how == care::alone && item.executions >= max_attempts_) {
    abandon(item, by);
  } else {
    item.how = care::alone;
  }
}

void work_table::abandon(suspect& one, std::string_view by) noexcept {
  one.is_done = true;
  ++done_;
  ++failed_;
  spans_.at(one.place).fail(one.item, said(failure_kind::abandoned, [&] {
                              return "abandoned: " + std::to_string(one.executions) +
                                     " executions of this item ended with the loss of their "
                                     "worker, the last one alone on " +
                                     std::string(by);
                            }));
  spans_.settle(one.place, 1);
}

void work_table::finish_late(const session_id& worker, const result& what) {
  const auto at = lost_.find(what.batch);
  if (at == lost_.end() || at->second.worker != worker) return;
  const lost_batch& lost = at->second;
  if (what.outcomes.size() == lost.items.size()) {
    for (std::size_t i = 0; i < lost.items.size(); ++i) {
      finish_suspect(*lost.items[i], what.outcomes[i]);
    }
    pending_.sift_suspects([](const suspect& one) { return one.is_done; });
    is_swept_ = false;  // others may be at it
  }
  lost_.erase(at);
}

void work_table::forget_done() {
  std::erase_if(lost_, [](const auto& entry) {
    return std::ranges::all_of(entry.second.items,
                               [](const suspect_ptr& one) { return one->is_done; });
  });
}

void work_table::keep(const session_id& worker, const kept& what) {
  kept_.add(worker, what);
  if (kept_.empty()) return;
  pending_.sift([&](std::uint32_t place, std::uint32_t item) {
    if (settle_at_submission(spans_.at(place), item) == settled::no) return false;
    spans_.settle(place, 1);
    return true;
  });
}

void work_table::end_run(const std::exception_ptr& error) noexcept {
  pending_.clear();
  batches_.clear();
  lost_.clear();
  spans_.end_run(error);
}

}  // namespace parwork::nats::detail
