#include "nats/submitter_machine.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "parwork/nats_errors.hpp"

namespace parwork::nats::detail {

namespace {

// Many workers that come at once are called together: no more calls in a heartbeat than that.
constexpr int most_calls_a_heartbeat = 20;
// When a full buffer is looked at again.
constexpr std::chrono::milliseconds buffer_check(5);

}  // namespace

submitter_machine::submitter_machine(const submitter_settings& settings, link& over,
                                     machine_observer& observer, stop_listener& listener,
                                     time_point now)
    : settings_(settings),
      observer_(observer),
      out_(over, settings.session, settings.prefix, settings.work),
      table_(listener, settings.max_attempts),
      workers_(settings_, table_, out_, observer),
      dispatcher_(settings.session, table_, workers_.all(), out_),
      watch_({settings.work, settings.needs, settings.give_up_after}),
      first_states_(settings_),
      began_(settings.began),
      next_beat_(now),
      called_at_(now - settings.heartbeat) {
  if (!over.is_connected()) away_since_ = now;
}

void submitter_machine::run_begins(time_point now) {
  is_running_ = true;
  watch_.begin();
  watch(now);
}

void submitter_machine::run_ends() {
  is_running_ = false;
  table_.forget_kept();
  if (error_lasts_ == lasting::for_the_run) error_ = nullptr;
}

void submitter_machine::submit(std::unique_ptr<outgoing_span> span) {
  if (error_) return span->end_run(error_);
  table_.submit(std::move(span));
}

void submitter_machine::fail_running(std::exception_ptr error) {
  // Without a run nobody is told: it is seen again at the next heartbeat.
  if (is_running_) fail(std::move(error), lasting::for_the_run);
}

void submitter_machine::fail(std::exception_ptr error, lasting how) {
  if (error_ && (error_lasts_ == lasting::for_good || how == lasting::for_the_run)) return;
  error_ = std::move(error);
  error_lasts_ = how;
  table_.end_run(error_);
  workers_.let_go(is_superseded_ ? worker_watch::leftovers::are_wanted
                                 : worker_watch::leftovers::are_cancelled);
}

void submitter_machine::heard(const session_id& worker, std::string_view frame, time_point now) {
  if (is_superseded_) return;  // a later session has what is here
  const decoded got = decode(frame);
  if (!got.what) {
    if (got.fault != decode_fault::other_version) {
      ++damaged_;
      return;
    }
    return fail_running(std::make_exception_ptr(version_mismatch(
        "a worker speaks version " + std::to_string(got.version) +
        " of the protocol, and this program version " + std::to_string(protocol_version) +
        ": let both use the same version of parwork")));
  }
  remote_worker* const by = workers_.heard(worker, now);
  std::visit([&](const auto& what) { on(worker, by, what, now); }, *got.what);
}

void submitter_machine::on(const session_id& from, remote_worker* by, const state& says,
                           time_point now) {
  if (says.worker != from) {
    ++damaged_;
    return;
  }
  if (says.fits == fitness::undecided) return first_states_.is_to_come(from, now);
  if (says.fits != fitness::serves) return refuse_worker(says, now);
  begin_after(says.after);
  watch_.fits(from);
  first_states_.has_come(from, now);
  workers_.said_state(by, says, now);
}

// The session that had the job before began later by its own clock. Nobody shall take it for that.
void submitter_machine::begin_after(std::uint64_t earlier) noexcept {
  if (earlier < began_ || earlier == std::numeric_limits<std::uint64_t>::max()) return;
  began_ = earlier + 1;
  is_call_due_ = true;
}

void submitter_machine::refuse_worker(const state& says, time_point now) {
  watch_.unfit(says.worker, says.fits, now);
  if (says.fits != fitness::other_codecs) return;
  fail_running(std::make_exception_ptr(codec_mismatch(
      "a worker on " + says.host + " serves \"" + settings_.work + "\" with items of " +
      says.item_codec + " and results of " + says.result_codec +
      ", and this program has items of " + settings_.item_codec + " and results of " +
      settings_.result_codec + ": let both use the same types")));
}

void submitter_machine::on(const session_id& from, remote_worker* by, const result& what,
                           time_point now) {
  open_batch* const one = table_.find(what.batch, from);
  if (one == nullptr || by == nullptr) {
    table_.finish_late(from, what);
    return workers_.acknowledge(from, settings_.session, what.batch);
  }
  workers_.close(*by, *one);
  executed_.clear();
  const bool does_record = what.thread > 0 && observer_.does_record();
  const std::size_t items = one->items;
  table_.finish(*one, what, now, does_record ? &executed_ : nullptr);
  by->taken.push_back(what.batch);
  if (what.thread == 0) return;  // none was begun
  by->pace.finished(items, std::chrono::nanoseconds(what.took));
  workers_.all().rate(*by);
  if (does_record) record(*by, what);
}

void submitter_machine::record(const remote_worker& by, const result& what) {
  std::optional<time_point> start = by.clock.here(what.began);
  std::uint64_t left = 0;
  for (const executed_items& some : executed_) left += some.count;
  if (!start || left == 0) return;
  // The worker has measured them together.
  std::chrono::nanoseconds time(std::max<std::int64_t>(what.took, 0));
  for (const executed_items& some : executed_) {
    const auto its =
        some.count == left
            ? time
            : std::chrono::nanoseconds(static_cast<std::int64_t>(
                  static_cast<double>(time.count()) * some.count / static_cast<double>(left)));
    observer_.executed({by, what.thread, some, *start, its});
    *start += its;
    time -= its;
    left -= some.count;
  }
}

void submitter_machine::on(const session_id& from, remote_worker*, const started& what,
                           time_point) {
  if (open_batch* const one = table_.find(what.batch, from)) one->is_started = true;
}

void submitter_machine::on(const session_id& from, remote_worker* by, const kept& what,
                           time_point now) {
  if (by == nullptr) first_states_.is_to_come(from, now);
  if (settings_.job.empty() || what.earlier == settings_.session) {
    return workers_.acknowledge(from, what.earlier, what.batch);
  }
  table_.keep(from, what);
}

void submitter_machine::on(const session_id& from, remote_worker* by, const goodbye& what,
                           time_point now) {
  first_states_.has_gone(from);
  if (by != nullptr) workers_.said_goodbye(*by, what, now);
}

void submitter_machine::on(const session_id&, remote_worker*, const superseded& what, time_point) {
  if (settings_.job.empty() || what.by == settings_.session) return;
  is_superseded_ = true;
  fail(std::make_exception_ptr(
           job_busy("the job \"" + settings_.job +
                    "\" has been taken over by a later submitter: end one of the two")),
       lasting::for_good);
}

void submitter_machine::on(const session_id& from, remote_worker* by, const part& what,
                           time_point now) {
  if (what.session != settings_.session) {
    ++damaged_;
    return;
  }
  if (by == nullptr) first_states_.is_to_come(from, now);
  const part_taken got = workers_.take_part(from, by, what, now);
  if (got.fate == part_fate::damaged) {
    ++damaged_;
    return;
  }
  if (got.fate == part_fate::completed) heard(from, got.whole, now);
}

void submitter_machine::on(const session_id& from, remote_worker* by, const part_got& what,
                           time_point) {
  workers_.got_part(from, by, what);
}

void submitter_machine::no_responders(const session_id& worker, time_point now) {
  if (is_connected()) workers_.no_responders(worker, now);
}

void submitter_machine::disconnected(time_point now) {
  if (!is_connected()) return;
  away_since_ = now;
  tell(observer_, event::kind::disconnected, "the connection to the server is gone");
  watch(now);
}

void submitter_machine::reconnected(time_point now) {
  if (is_connected()) return;
  away_since_.reset();
  tell(observer_, event::kind::reconnected, "the connection to the server is back");
  // Whoever was called meanwhile has not heard it.
  is_call_due_ = true;
  called_at_ = now - settings_.heartbeat;
  if (is_superseded_) return;
  first_states_.start_anew(now);
  workers_.start_anew(now);
  next_beat_ = now + settings_.heartbeat;
  watch(now);
}

void submitter_machine::refused(std::exception_ptr why) { fail(std::move(why), lasting::for_good); }

void submitter_machine::asked_how_it_goes(std::string_view reply) {
  if (!reply.empty()) out_.answer(reply, status());
}

void submitter_machine::settle(time_point now) {
  table_.end_stopped(now, [&](const open_batch& one) {
    if (remote_worker* const holder = workers_.all().find(one.worker)) {
      holder->cancelled.push_back(one.number);
    }
  });
  if (is_superseded_) return;
  workers_.say_what_is_due();
  if (is_call_due_ && is_connected() &&
      now - called_at_ >= settings_.heartbeat / most_calls_a_heartbeat) {
    called_at_ = now;
    call_workers();
  }
  watch(now);
  full_until_.reset();
  if (!is_connected() || !first_states_.are_here(now)) return;
  if (error_ || table_.pending() == 0) return;
  if (out_.is_full()) {
    full_until_ = now + buffer_check;
  } else {
    dispatcher_.hand_out();
  }
}

void submitter_machine::call_workers() {
  is_call_due_ = false;
  out_.call_workers({.session = settings_.session,
                     .began = began_,
                     .job = settings_.job,
                     .work = settings_.work,
                     .item_codec = settings_.item_codec,
                     .result_codec = settings_.result_codec,
                     .needs = settings_.needs,
                     .heartbeat = settings_.heartbeat,
                     .lost_after = settings_.lost_after,
                     .timeout = settings_.timeout});
}

void submitter_machine::tick(time_point now) {
  if (now >= next_beat_) beat(now);
  settle(now);
}

void submitter_machine::beat(time_point now) {
  // Who has slept through a whole heartbeat has had no chance to hear the answers, either.
  const auto how =
      now >= next_beat_ + settings_.heartbeat ? wakefulness::late : wakefulness::on_time;
  next_beat_ = (how == wakefulness::late ? now : next_beat_) + settings_.heartbeat;
  const std::chrono::duration<double> heartbeat = settings_.heartbeat;
  items_per_second_ +=
      0.3 *
      (static_cast<double>(table_.done() - done_at_beat_) / heartbeat.count() - items_per_second_);
  done_at_beat_ = table_.done();
  table_.forget_done();
  if (how == wakefulness::late) watch_.start_anew(now);
  if (is_superseded_) return;
  if (!is_connected()) {
    // Nobody knows when the server is back, and who has stopped a run wants its end.
    if (now - *away_since_ >= settings_.lost_after) workers_.end_cancelled(now);
    return;
  }
  workers_.beat(how, now);
  watch_.forget_unfit(now - std::max(settings_.lost_after, 3 * settings_.heartbeat));
  is_call_due_ = true;
}

void submitter_machine::watch(time_point now) {
  if (!is_running_) return;
  const auto verdict =
      watch_.look(is_connected() ? run_watch::connection::there : run_watch::connection::away,
                  workers_.all().size(), now);
  if (verdict.error) fail(verdict.error, lasting::for_the_run);
  if (verdict.are_no_workers) {
    tell(observer_, event::kind::no_workers,
         "no worker for \"" + settings_.work + "\" for 3 s: start one");
  }
}

time_point submitter_machine::next_deadline() const noexcept {
  time_point next = next_beat_;
  if (is_call_due_ && is_connected() && !is_superseded_) {
    next = std::min(next, called_at_ + settings_.heartbeat / most_calls_a_heartbeat);
  }
  if (is_running_ && !error_) {
    if (const auto look = watch_.next_look()) next = std::min(next, *look);
  }
  if (full_until_) next = std::min(next, *full_until_);
  if (const auto look = first_states_.next_look(); look && is_connected()) {
    next = std::min(next, *look);
  }
  return next;
}

void submitter_machine::say_farewell() {
  // A later session of the job wants what this one began.
  if (!is_superseded_) workers_.say_farewell();
}

job_status submitter_machine::status() const {
  return {.session = settings_.session,
          .job = settings_.job,
          .work = settings_.work,
          .host = settings_.host,
          .pid = settings_.pid,
          .pending = table_.pending(),
          .held = table_.held(),
          .done = table_.done(),
          .failed = table_.failed(),
          .items_per_second = items_per_second_,
          .total = 0};
}

}  // namespace parwork::nats::detail
