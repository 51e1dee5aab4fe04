// The submitter of a job: hands items to workers, and gives each its outcome.
//
// A state machine: it has neither threads nor a clock. What happens is told by its functions, with
// the time; what it does is published on its link, and given to the spans of the run. After one or
// several events `settle` is called: it acknowledges, cancels and hands out.
//
// States and what changes them:
//
//   an item     pending -> held        settle: a worker has credit
//               held -> done           result of an open batch, or of a lost one that is first
//               held -> pending        goodbye; missing in the answer to a later poll; not started
//                                      after a cancel (all not counted); its worker is lost: one
//                                      execution, unless it was careful and not started
//               pending -> done        stop, deadline; kept by an earlier session; beyond 64 MiB
//               held -> done           lost alone, after max_attempts executions: abandoned
//   a batch     open -> gone           result, goodbye, missing in an answer
//               open -> lost           its worker is lost; a result that comes nevertheless counts
//                                      for items that are not done; forgotten when all are
//   a worker    unknown -> there       its first state that says it serves the work
//               unknown -> unfit       a state that says why not; for 3 s none that fits: error
//               there -> leaving       goodbye, or a state that says so: gets nothing more
//               leaving -> unknown     goodbye that says it is gone: what is open comes back
//               there, leaving -> unknown (lost)    lost_after's polls unanswered; two polls with
//                                      503 in a row, five after a reconnect of one's own
//               unknown (lost) -> there   a state: it is back
//   a session   settling -> settled     of a named job: the first states that are to be expected
//                                      are here; before that nothing is handed out
//               connected <-> away     the link says so: away nothing is handed out nor polled;
//                                      back: call and poll at once, and no poll before counts;
//                                      away for lost_after: stopped items are not waited for
//               working -> failed      an error of the run; working again when the run has ended,
//                                      unless it is superseded or refused
//
// Thread safety: one thread at a time, but for what the stop listener is told. Invariants: see
// work_table.hpp for items and batches. A worker is polled each heartbeat; what it has sent before
// its answer has been seen before that. Whatever arrives is acknowledged, known or not.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nats/dispatcher.hpp"
#include "nats/first_states.hpp"
#include "nats/link.hpp"
#include "nats/machine_observer.hpp"
#include "nats/messages.hpp"
#include "nats/outbox.hpp"
#include "nats/run_watch.hpp"
#include "nats/submitter_settings.hpp"
#include "nats/work_table.hpp"
#include "nats/worker_watch.hpp"
#include "parwork/detail/nats_remote.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

class submitter_machine {
 public:
  /// Publishes nothing before the first tick.
  submitter_machine(const submitter_settings& settings, link& over, machine_observer& observer,
                    stop_listener& listener, time_point now);

  // The run.
  void run_begins(time_point now);
  void run_ends();
  void submit(std::unique_ptr<outgoing_span> span);
  void span_stops(span_number which) noexcept { table_.stop(which); }
  /// Ends the run that goes on, or else the next one.
  void fail_run(std::exception_ptr error) { fail(std::move(error), lasting::for_the_run); }

  // The link.
  void heard(const session_id& worker, std::string_view frame, time_point now);
  void a_worker_is_here() noexcept { is_call_due_ = true; }
  void no_responders(const session_id& worker, time_point now);
  void disconnected(time_point now);
  void reconnected(time_point now);
  void refused(std::exception_ptr why);
  void asked_how_it_goes(std::string_view reply);

  // Time.
  void settle(time_point now);
  void tick(time_point now);
  [[nodiscard]] time_point next_deadline() const noexcept;

  /// The session ends: workers may forget it. Nothing may be called after it.
  void say_farewell();

  [[nodiscard]] std::size_t longest_wanted() const noexcept { return dispatcher_.longest_wanted(); }
  [[nodiscard]] std::vector<worker_info> workers(time_point now) const {
    return workers_.infos(now);
  }
  [[nodiscard]] job_status status() const;
  /// Messages that were none.
  [[nodiscard]] std::uint64_t damaged() const noexcept { return damaged_; }

 private:
  [[nodiscard]] bool is_connected() const noexcept { return !away_since_; }
  enum class lasting { for_the_run, for_good };

  void on(const session_id& from, remote_worker* by, const state& says, time_point now);
  void on(const session_id& from, remote_worker* by, const result& what, time_point now);
  void on(const session_id& from, remote_worker* by, const started& what, time_point now);
  void on(const session_id& from, remote_worker* by, const kept& what, time_point now);
  void on(const session_id& from, remote_worker* by, const goodbye& what, time_point now);
  void on(const session_id& from, remote_worker* by, const superseded& what, time_point now);
  void on(const session_id& from, remote_worker* by, const part& what, time_point now);
  void on(const session_id& from, remote_worker* by, const part_got& what, time_point now);
  template <class Other>
  void on(const session_id&, remote_worker*, const Other&, time_point) {
    ++damaged_;  // nothing that a worker says to a submitter
  }

  void refuse_worker(const state& says, time_point now);
  void record(const remote_worker& by, const result& what);
  void begin_after(std::uint64_t earlier) noexcept;
  void call_workers();
  void beat(time_point now);
  void fail(std::exception_ptr error, lasting how);
  void fail_running(std::exception_ptr error);
  void watch(time_point now);

  const submitter_settings settings_;
  machine_observer& observer_;
  outbox out_;
  work_table table_;
  worker_watch workers_;
  dispatcher dispatcher_;
  run_watch watch_;
  first_states first_states_;

  std::uint64_t began_;         // the session, as its calls say
  bool is_running_ = false;     // a run goes on
  bool is_superseded_ = false;  // by a later session of the job
  bool is_call_due_ = true;
  time_point next_beat_;
  time_point called_at_;
  std::optional<time_point> away_since_;
  std::optional<time_point> full_until_;  // then the link's buffer is looked at again
  std::exception_ptr error_;              // of the run
  lasting error_lasts_ = lasting::for_the_run;
  std::uint64_t damaged_ = 0;
  std::uint64_t done_at_beat_ = 0;
  double items_per_second_ = 0;
  std::vector<executed_items> executed_;  // keeps its memory
};

}  // namespace parwork::nats::detail
