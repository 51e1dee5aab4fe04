// The worker's side of the protocol: what it answers, what it executes next, what it keeps.
//
// It has no thread and no clock of its own. Who drives it says what arrives and what time it is,
// and calls `tick` at `next_deadline`; it speaks by link::publish alone.
//
// A batch, from its arrival:
//
//   (none) --batch--> queued --take--> running --finished--> kept --taken--> gone
//
//                     queued              running                    kept
//   batch again       ignored             ignored                    ignored
//   poll              listed              listed                     sent again, unless it was sent
//                                                                    just before
//   cancel            kept: not started   no item is begun any more, nothing
//                                         what runs is asked to stop
//   taken             gone                unwanted                   gone
//   farewell          gone                unwanted                   gone
//   lost_after        nameless: gone;     nameless: unwanted;        nameless: gone;
//                     named: goes on      named: goes on             named: until keep_results,
//                                                                    keep_bytes
//   later session     gone                goes on; then as kept      handed over as `kept`
//   leave             given back          no item is begun any more  waits until it is taken
//   leave at once     given back          unwanted                   gone
//
//   (unwanted: it ends as if cancelled, and what it comes to is dropped.)
//
// A session, by its calls:
//
//   (none) --call--> present <--any message-- absent
//                    present --lost_after--> absent, or gone where the job has no name
//   present, absent --call of a later session of the job--> superseded, for good
//   absent, or silent for two heartbeats and 2 s --call of an earlier session--> superseded, too
//   (none) --call, and a later session is there--> undecided, until that one's
//          next word (superseded, for good) or silence (present, and the other is superseded)
//   absent, superseded, and nothing of it is left --> gone (that it was there is remembered)
//   present --farewell--> gone
//
//   A call that does not fit makes a session too, without batches: its polls get the same answer.
//   A superseded one is told so at each call, poll and batch.
//
// The worker:
//
//   serving --disconnected--> away --reconnected--> serving (says `here`; results are sent again)
//   serving, away --leave, or idle for idle_exit--> leaving (goodbye; takes no batch; answers)
//   leaving --all results are taken, or leave_within is over--> gone (says so; hears nothing more)
//   away --give_up_after--> given up
//
// While it is away nobody counts as silent. The same after a stall of its own: a tick that comes
// much later than asked for, because the machine was asleep or the process stopped.
//
// Thread safety: one thread at a time. Invariants: those of worker_holdings; after it is gone it
// says nothing more.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "nats/link.hpp"
#include "nats/messages.hpp"
#include "nats/owned_batch.hpp"
#include "nats/parts.hpp"
#include "nats/rate_meter.hpp"
#include "nats/result_sender.hpp"
#include "nats/session_table.hpp"
#include "nats/worker_holdings.hpp"
#include "nats/worker_speech.hpp"
#include "parwork/detail/nats_served.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

/// What a thread is to execute.
struct assignment {
  owned_batch_ptr batch;
  served_work* work = nullptr;
  std::chrono::nanoseconds timeout{0};

  /// "Started" has been said: it has to leave the machine before the first item begins.
  [[nodiscard]] bool must_be_announced() const noexcept { return batch->what.how != care::none; }
};

class worker_machine {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using works = std::map<std::string, std::unique_ptr<served_work>, std::less<>>;

  /// Of `limits` the times and sizes count. REQUIRES: all that is given outlives it.
  worker_machine(const worker_identity& who, const worker_options& limits, const works& served,
                 link& bus, time_point now);

  // --- What happens ---
  /// Says `here`: once, when the subscriptions are there.
  void begin() { speech_.here(); }
  /// May throw std::bad_alloc: the message is lost then, as one that did not arrive.
  void arrived(std::string_view reply, std::string_view bytes, time_point now);
  void disconnected(time_point now);
  void reconnected(time_point now);
  void tick(time_point now);
  /// When `tick` is to be called, at the latest.
  [[nodiscard]] time_point next_deadline() const noexcept;

  // --- Threads ---
  /// Nothing: there is nothing to begin now.
  [[nodiscard]] std::optional<assignment> take();
  [[nodiscard]] bool may_take() const noexcept { return holdings_.may_take(); }
  /// `answer`: a `result` message. `begun`: how many of its items were. REQUIRES: it was taken.
  void finished(owned_batch& its, std::string&& answer, std::uint64_t begun, time_point now);
  /// What is to be asked to stop, since the last call: by who holds no lock.
  [[nodiscard]] std::vector<std::stop_source> take_stops() noexcept {
    return holdings_.take_stops();
  }

  [[nodiscard]] bool has_stops() const noexcept { return holdings_.has_stops(); }

  // --- Its end ---
  void leave(time_point now);
  void leave_at_once(time_point now);
  /// Nothing more is to be said or done.
  [[nodiscard]] bool has_left() const noexcept { return course_ == course::gone; }
  [[nodiscard]] bool has_given_up(time_point now) const noexcept;

  /// Messages that were none, or that nobody here has a use for.
  [[nodiscard]] std::uint64_t dropped_messages() const noexcept { return dropped_messages_; }

 private:
  enum class course : std::uint8_t { serving, leaving, gone };

  void on(const call& its, time_point now);
  void on(const taken& its, time_point now);
  void on(const poll& its, time_point now);
  void on(const cancel& its, time_point now);
  void on(const farewell& its, time_point now);
  void on(const part_got& its, time_point now);
  void received(const std::shared_ptr<const std::string>& frame, std::string_view reply,
                time_point now);
  void on_part(const part& its, time_point now);
  void on_batch(const std::shared_ptr<const std::string>& frame, batch&& what, time_point now);
  void on_status(std::string_view reply, time_point now);

  // Null where it is not known, or superseded: then it has been told.
  [[nodiscard]] worker_session* hear(const session_id& from, time_point now);
  [[nodiscard]] worker_session* welcome(const call& its, time_point now);
  [[nodiscard]] worker_session session_of(const call& its, time_point now) const;
  [[nodiscard]] worker_moment moment(time_point now) const noexcept;
  void fall_silent(time_point now);
  void hear_all(time_point now);
  void say_first_states(time_point now);
  void forget_parts();
  void settle(time_point now);
  void go();

  const worker_identity& who_;
  const worker_options& limits_;
  const works& served_;
  part_sender out_parts_;
  part_assembler in_parts_;
  std::set<session_id> in_parts_of_;
  worker_speech speech_;
  result_sender sender_;
  worker_holdings holdings_;
  rate_meter rate_;
  course course_ = course::serving;
  std::uint64_t done_ = 0;
  std::uint64_t dropped_messages_ = 0;
  bool is_empty_ = true;  // after the last event
  time_point idle_since_;
  time_point leave_until_ = time_point::max();
  std::optional<time_point> away_since_;
};

}  // namespace parwork::nats::detail
