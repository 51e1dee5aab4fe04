// What a worker holds for submitters: their sessions, the batches of each, and what those came to.
//
// Thread safety: one thread at a time.
// Invariants:
// 1. A batch in a session's `held` is in the turns (queued), with a thread (running), or has an
//    answer (kept). A running one that is in no session is unwanted.
// 2. An answer is sent, and again, until it is taken, if its receiver is present; else it is among
//    the untaken results, which have bounds.
// 3. No item is begun after its batch was cancelled, dropped or given back.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "nats/batch_turns.hpp"
#include "nats/messages.hpp"
#include "nats/owned_batch.hpp"
#include "nats/result_sender.hpp"
#include "nats/session_table.hpp"
#include "nats/untaken_results.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

class worker_holdings {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// At most as many batches run as there are threads. REQUIRES: `sender` outlives it.
  worker_holdings(const worker_options& limits, unsigned threads, result_sender& sender);

  [[nodiscard]] session_table& sessions() noexcept { return sessions_; }
  [[nodiscard]] const session_table& sessions() const noexcept { return sessions_; }

  // --- Sessions ---
  /// It has said something.
  void hear(worker_session& from, time_point now);
  /// It has not for its `lost_after`.
  void fall_silent(const session_id& which, time_point now);
  /// Nothing of it is wanted any more, nor of those that it is the heir of.
  void forget(const session_id& which);
  /// A later session of a job: gets what earlier ones left. Returns whom it supersedes.
  std::vector<session_id> take_over(worker_session& by);

  // --- Batches ---
  /// False: it holds too many, or this one already.
  bool add(worker_session& of, const std::shared_ptr<const std::string>& frame, batch&& what);
  /// Null: nothing may be begun now.
  [[nodiscard]] owned_batch_ptr take();
  [[nodiscard]] bool may_take() const noexcept { return turns_.may_begin(); }
  /// An empty answer: there was no memory for one, and the batch is gone.
  void finished(owned_batch& its, std::string&& answer, time_point now);

  /// It has been taken, or is not wanted.
  void drop(worker_session& of, std::uint64_t number);
  /// Not started ones are finished as such, running ones are asked to stop. None: all.
  /// REQUIRES: it is not superseded.
  void cancel(worker_session& of, const std::vector<std::uint64_t>& numbers, time_point now);
  /// Queued batches of a session are gone: returns their numbers.
  std::vector<std::uint64_t> give_back(worker_session& of);
  /// No item is begun any more; what runs is finished.
  void begin_nothing_more() noexcept;
  /// What runs is unwanted, and is asked to stop.
  void let_go_of_running();

  // --- Time ---
  /// What a submitter has not taken, at its poll.
  void send_again(worker_session& receiver, time_point now);
  /// The link was away: what was sent may not have arrived.
  void all_may_be_lost() noexcept;
  /// Results that nobody has taken for too long, or that are too many.
  void drop_overdue(time_point now);
  [[nodiscard]] std::optional<time_point> deadline() const noexcept { return untaken_.deadline(); }

  [[nodiscard]] bool is_empty() const noexcept;
  /// Whether something runs, or a present submitter has not taken all results.
  [[nodiscard]] bool is_awaited() noexcept;
  [[nodiscard]] std::uint64_t items() const noexcept;
  [[nodiscard]] std::vector<std::stop_source> take_stops() noexcept;
  [[nodiscard]] bool has_stops() const noexcept { return !stops_.empty(); }

 private:
  void inherit(worker_session& heir, worker_session& from);
  void keep(worker_session& of, owned_batch& its, std::shared_ptr<const std::string>&& answer,
            time_point now);
  void ask_to_stop(owned_batch& running);
  void release(owned_batch& its);
  void drop_all(worker_session& of);
  void forget_if_empty(const session_id& which);

  result_sender& sender_;
  session_table sessions_;
  batch_turns turns_;
  untaken_results untaken_;
  std::vector<owned_batch_ptr> running_;  // has room for all, so that beginning one cannot fail
  std::vector<std::stop_source> stops_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace parwork::nats::detail
