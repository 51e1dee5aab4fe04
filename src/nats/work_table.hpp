// The items of a run, from their submission to their outcome, and the batches they travel in.
//
// An item is pending, held, or done:
//
//   pending   submitted; given back; its batch never arrived; not started after a cancel
//   held      in an open batch, which one worker has
//   done      has its outcome: of an open batch, of a batch that was lost, of an earlier session,
//             of a stop, or because it was abandoned
//
// It is fresh, and a piece of its span, until an execution has ended with the loss of its worker.
// From then on it is a suspect, in batches of its own: careful; lost once more, alone; lost alone
// after so many executions, abandoned. Lost before it was started is not counted.
//
// A batch is open until its result, its return or its loss. A lost one is remembered while any of
// its items is not done: its worker may have been frozen, and the result counts where it is first.
//
// Thread safety: one thread at a time. Invariants:
// 1. An item gets one outcome: fresh ones are in one place (pending, or an open batch), suspects
//    know that they are done.
// 2. Numbers of batches ascend from 1 and are not used twice.
// 3. Nothing is kept for a fresh item by itself: pieces of hundreds cost what pieces of one do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nats/kept_results.hpp"
#include "nats/messages.hpp"
#include "nats/open_spans.hpp"
#include "nats/pending_items.hpp"
#include "nats/poll_watch.hpp"

namespace parwork::nats::detail {

struct open_batch {
  std::uint64_t number = 0;
  session_id worker;
  std::uint64_t after_poll = 0;  // the last poll before all of it was sent
  care how = care::none;
  std::uint64_t in_parts = 0;  // number of the message that is under way in parts; 0: it is sent
  bool is_started = false;     // the worker has said so
  bool is_cancelled = false;   // it was asked to give it back
  std::size_t items = 0;
  std::vector<piece> pieces;  // of fresh items
  suspect_ptr single;         // or one suspect
};

/// Consecutive items that a worker has executed: for the recorder.
struct executed_items {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t failed = 0;
};

class work_table {
 public:
  work_table(stop_listener& listener, unsigned max_attempts)
      : spans_(listener), max_attempts_(max_attempts) {}

  /// Items beyond `largest_payload` fail, those that an earlier session has done are done.
  span_number submit(std::unique_ptr<outgoing_span> span);
  /// Then end_stopped() is to be called.
  void stop(span_number which) noexcept { is_swept_ = !spans_.stop(which) && is_swept_; }
  /// Ends the pending items of stopped spans, and tells which batches are to be given back:
  /// `cancel(batch)`, once each.
  template <class Cancel>
  void end_stopped(time_point now, Cancel&& cancel);

  /// Makes a batch for a worker of what is pending, or returns null. It stays where it is until it
  /// is no longer open.
  open_batch* next_fresh(const session_id& worker, const batch_bounds& most);
  open_batch* next_suspect(const session_id& worker);
  /// Its items, for a message: they point into the spans.
  void fill(const open_batch& from, std::vector<batch_item>& into);

  /// Null where it is not open, or another's.
  [[nodiscard]] open_batch* find(std::uint64_t batch, const session_id& worker) noexcept;
  /// The end of an open batch. `executed` is null where nobody records.
  void finish(open_batch& one, const result& what, time_point now,
              std::vector<executed_items>* executed);
  /// None of its items was begun: pending again, and not counted.
  void give_back(open_batch& one, time_point now);
  /// `by` names the worker, for people.
  void lose(open_batch& one, std::string_view by, time_point now);
  /// The result of a batch that is not open: of a lost one, it counts for what is not done yet.
  void finish_late(const session_id& worker, const result& what);
  /// Whether a batch was lost and is waited for elsewhere.
  [[nodiscard]] bool is_lost(std::uint64_t batch) const { return lost_.contains(batch); }
  /// Forgets lost batches all of whose items are done.
  void forget_done();

  /// What a worker has kept of an earlier session, for pending items and for later ones.
  void keep(const session_id& worker, const kept& what);
  [[nodiscard]] std::vector<used_up> take_used_up() { return kept_.take_used_up(); }
  void forget_kept() { kept_.clear(); }

  /// Ends the run, and everything here but what was kept.
  void end_run(const std::exception_ptr& error) noexcept;

  [[nodiscard]] bool empty() const noexcept { return spans_.empty(); }
  [[nodiscard]] std::size_t pending() const noexcept { return pending_.size(); }
  [[nodiscard]] std::size_t fresh() const noexcept { return pending_.fresh(); }
  [[nodiscard]] bool has_suspects() const noexcept { return pending_.has_suspects(); }
  [[nodiscard]] std::size_t held() const noexcept { return spans_.items() - pending_.size(); }
  [[nodiscard]] std::uint64_t done() const noexcept { return done_; }
  [[nodiscard]] std::uint64_t failed() const noexcept { return failed_; }

 private:
  struct lost_batch {
    session_id worker;
    std::vector<suspect_ptr> items;
  };
  enum class settled { yes, no };

  void end_pending(time_point now);
  void refuse_item(outgoing_span& span, std::uint32_t item) noexcept;
  settled settle_at_submission(outgoing_span& span, std::uint32_t item);
  settled settle(std::uint32_t place, std::uint32_t item, const outcome& its) noexcept;
  void end_item(std::uint32_t place, std::uint32_t item, time_point now) noexcept;
  void finish_piece(const piece& some, const outcome* outcomes, time_point now,
                    executed_items& counted);
  void finish_suspect(suspect& one, const outcome& its) noexcept;
  void return_piece(const piece& some, time_point now);
  void return_suspect(const suspect_ptr& one, time_point now);
  void suspect_all(const open_batch& one, time_point now, std::vector<suspect_ptr>& into);
  void count_loss(const open_batch& one, std::string_view by) noexcept;
  void abandon(suspect& one, std::string_view by) noexcept;
  open_batch& open(const session_id& worker);

  open_spans spans_;
  pending_items pending_;
  std::unordered_map<std::uint64_t, open_batch> batches_;
  std::unordered_map<std::uint64_t, lost_batch> lost_;
  kept_results kept_;
  const unsigned max_attempts_;
  std::uint64_t last_number_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t failed_ = 0;
  bool is_swept_ = true;  // no stop since the last end_stopped
};

template <class Cancel>
void work_table::end_stopped(time_point now, Cancel&& cancel) {
  if (is_swept_) return;
  is_swept_ = true;
  end_pending(now);
  for (auto& [number, one] : batches_) {
    if (one.is_cancelled) continue;
    one.is_cancelled = one.single ? one.single->is_done || spans_.is_stopped(one.single->place)
                                  : std::ranges::any_of(one.pieces, [&](const piece& some) {
                                      return spans_.is_stopped(some.place);
                                    });
    if (one.is_cancelled) cancel(one);
  }
}

}  // namespace parwork::nats::detail
