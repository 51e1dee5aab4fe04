#include "nats/worker_machine.hpp"

#include <algorithm>
#include <new>
#include <utility>
#include <variant>

namespace parwork::nats::detail {
namespace {

using duration = std::chrono::nanoseconds;

// A tick that comes so much later than asked for: the process did not run meanwhile.
constexpr duration own_stall = std::chrono::milliseconds(100);
// Of what a call says: whoever may call may say anything.
constexpr duration least_lost_after = std::chrono::milliseconds(10);
constexpr duration most_lost_after = std::chrono::hours(24);
constexpr std::size_t most_sessions = 4096;

std::chrono::steady_clock::time_point later(std::chrono::steady_clock::time_point than,
                                            duration by) noexcept {
  using time_point = std::chrono::steady_clock::time_point;
  return than + std::min<time_point::duration>(by, time_point::max() - than);
}

}  // namespace

worker_machine::worker_machine(const worker_identity& who, const worker_options& limits,
                               const works& served, link& bus, time_point now)
    : who_(who),
      limits_(limits),
      served_(served),
      out_parts_([&bus](std::string_view subject, std::string_view frame) {
        bus.publish(subject, frame);
      }),
      speech_(who, out_parts_, bus),
      sender_(who, out_parts_, bus),
      holdings_(limits, who.threads, sender_),
      rate_(now),
      idle_since_(now) {}

// --- Messages ---

void worker_machine::arrived(std::string_view reply, std::string_view bytes, time_point now) {
  if (has_left()) return;
  // What was said meanwhile comes now: in its order, so that it says who is there.
  if (now >= later(next_deadline(), own_stall)) hear_all(now);
  received(std::make_shared<const std::string>(bytes), reply, now);
  settle(now);
}

// `frame` is shared with a batch, which points into it.
void worker_machine::received(const std::shared_ptr<const std::string>& frame,
                              std::string_view reply, time_point now) {
  decoded its = decode(*frame);
  if (!its.what.has_value()) {
    ++dropped_messages_;
    if (!its.caller.has_value()) return;
    // Of another version: by any message of ours it sees which one is ours.
    worker_session other;
    other.id = *its.caller;
    return speech_.state(other, 0, moment(now));
  }
  std::visit(
      [&]<class Message>(Message& what) {
        if constexpr (std::is_same_v<Message, batch>) {
          on_batch(frame, std::move(what), now);
        } else if constexpr (std::is_same_v<Message, part>) {
          on_part(what, now);
        } else if constexpr (std::is_same_v<Message, status_question>) {
          on_status(reply, now);
        } else if constexpr (requires { on(what, now); }) {
          on(what, now);
        } else {
          ++dropped_messages_;
        }
      },
      *its.what);
}

void worker_machine::on_part(const part& its, time_point now) {
  worker_session* const known = hear(its.session, now);
  if (known == nullptr || known->fits != fitness::serves) {
    ++dropped_messages_;
    return;
  }
  in_parts_of_.insert(known->id);
  part_taken taken_part = in_parts_.take(known->id, its);
  if (taken_part.fate == part_fate::damaged) {
    ++dropped_messages_;
    return;
  }
  speech_.got(known->id, its);
  if (taken_part.fate != part_fate::completed) return;
  received(std::make_shared<const std::string>(std::move(taken_part.whole)), {}, now);
}

// Of sessions that are gone.
void worker_machine::forget_parts() {
  std::erase_if(in_parts_of_, [this](const session_id& each) {
    if (holdings_.sessions().find(each) != nullptr) return false;
    in_parts_.forget(each);
    return true;
  });
}

void worker_machine::on(const call& its, time_point now) {
  worker_session* from = hear(its.session, now);
  if (from == nullptr && !holdings_.sessions().superseded_by(its.session).has_value()) {
    from = welcome(its, now);
  }
  if (from == nullptr) return;
  holdings_.sessions().has_begun(*from, its.began);
  out_parts_.poll(from->id);
  if (from->is_introduced) return speech_.state(*from, 0, moment(now));
  from->awaits_state = true;  // said by settle, behind what earlier sessions left
}

worker_session* worker_machine::hear(const session_id& from, time_point now) {
  session_table& sessions = holdings_.sessions();
  if (const auto by = sessions.superseded_by(from)) {
    speech_.superseded(from, *by);
    return nullptr;
  }
  worker_session* const its = sessions.find(from);
  if (its == nullptr) return nullptr;
  holdings_.hear(*its, now);
  for (const session_id& rival : sessions.refuse_rivals(*its)) speech_.superseded(rival, from);
  return its;
}

worker_session* worker_machine::welcome(const call& its, time_point now) {
  session_table& sessions = holdings_.sessions();
  if (sessions.size() >= most_sessions) {
    ++dropped_messages_;
    return nullptr;
  }
  worker_session fresh = session_of(its, now);
  const bool wants_its_job = fresh.fits == fitness::serves && !fresh.job.empty();
  if (!wants_its_job) return &sessions.add(std::move(fresh));
  if (worker_session* const holder = sessions.holder_against(fresh, now)) {
    // Which of the two is there? A clock that is behind makes a later session look like this, too.
    sessions.add_rival(*holder, fresh.id);
    fresh.fits = fitness::undecided;
    speech_.state(fresh, 0, moment(now));
    return nullptr;
  }
  worker_session& added = sessions.add(std::move(fresh));
  for (const session_id& earlier : holdings_.take_over(added)) {
    speech_.superseded(earlier, added.id);
  }
  return &added;
}

worker_session worker_machine::session_of(const call& its, time_point now) const {
  worker_session fresh{.id = its.session,
                       .began = its.began,
                       .job = its.job,
                       .work = its.work,
                       .heartbeat = its.heartbeat,
                       .lost_after = std::clamp(its.lost_after, least_lost_after, most_lost_after),
                       .timeout = its.timeout,
                       .heard_at = now};
  const auto work = served_.find(its.work);
  const auto offers = [this](const std::string& label) {
    return std::ranges::find(who_.labels, label) != who_.labels.end();
  };
  if (work == served_.end()) {
    fresh.fits = fitness::unknown_work;
    return fresh;
  }
  fresh.served = work->second.get();
  if (!std::ranges::all_of(its.needs, offers)) {
    fresh.fits = fitness::unmet_needs;
  } else if (its.item_codec != fresh.served->item_codec ||
             its.result_codec != fresh.served->result_codec) {
    fresh.fits = fitness::other_codecs;
  }
  return fresh;
}

void worker_machine::on_batch(const std::shared_ptr<const std::string>& frame, batch&& what,
                              time_point now) {
  const std::uint64_t number = what.number;
  worker_session* const from = hear(what.session, now);
  if (from == nullptr || from->fits != fitness::serves || what.items.empty()) {
    ++dropped_messages_;
    return;
  }
  if (course_ == course::leaving) {
    if (!from->held.contains(number)) speech_.goodbye(from->id, {number});
    return;
  }
  if (!holdings_.add(*from, frame, std::move(what))) ++dropped_messages_;
}

void worker_machine::on(const taken& its, time_point now) {
  session_table& sessions = holdings_.sessions();
  // What a superseded session left is taken in its name by its heir, who is not told so.
  if (!sessions.superseded_by(its.session).has_value()) (void)hear(its.session, now);
  for (const std::uint64_t number : its.batches) {
    worker_session* const from = sessions.find(its.session);
    if (from == nullptr) return;
    holdings_.drop(*from, number);
  }
}

void worker_machine::on(const poll& its, time_point now) {
  worker_session* const from = hear(its.session, now);
  if (from != nullptr) {
    out_parts_.poll(from->id);
    holdings_.send_again(*from, now);
    sender_.pump(now);
    if (!from->awaits_state) return speech_.state(*from, its.number, moment(now));
    from->awaited_poll = its.number;
  } else if (!holdings_.sessions().superseded_by(its.session).has_value()) {
    // Forgotten: it holds nothing, and so its batches come again. Its next call makes it known.
    worker_session forgotten;
    forgotten.id = its.session;
    speech_.state(forgotten, its.number, moment(now));
  }
}

void worker_machine::on(const cancel& its, time_point now) {
  worker_session* const from = hear(its.session, now);
  if (from != nullptr) holdings_.cancel(*from, its.batches, now);
}

void worker_machine::on(const farewell& its, time_point) {
  // What a superseded session left belongs to its heir.
  if (!holdings_.sessions().superseded_by(its.session).has_value()) holdings_.forget(its.session);
}

void worker_machine::on(const part_got& its, time_point now) { sender_.got(its, now); }

void worker_machine::on_status(std::string_view reply, time_point now) {
  if (reply.empty()) return;
  worker_status its{.held = holdings_.items(), .done = done_};
  for (const auto& [name, work] : served_) its.works.push_back(name);
  its.items_per_second = rate_.at(done_, now);
  speech_.status(reply, std::move(its));
}

// --- The link ---

void worker_machine::disconnected(time_point now) {
  if (!away_since_.has_value()) away_since_ = now;
}

void worker_machine::reconnected(time_point now) {
  away_since_.reset();
  if (has_left()) return;
  hear_all(now);
  holdings_.all_may_be_lost();
  if (course_ == course::serving) speech_.here();
  settle(now);
}

bool worker_machine::has_given_up(time_point now) const noexcept {
  return limits_.give_up_after.count() > 0 && away_since_.has_value() &&
         now >= later(*away_since_, limits_.give_up_after);
}

// --- Time ---

// Nobody is silent while nothing can be heard.
void worker_machine::hear_all(time_point now) {
  for (auto& [id, each] : holdings_.sessions().all()) each.heard_at = now;
}

void worker_machine::fall_silent(time_point now) {
  std::vector<session_id> silent;
  for (const auto& [id, each] : holdings_.sessions().all()) {
    if (each.is == presence::present && now >= later(each.heard_at, each.lost_after)) {
      silent.push_back(id);
    }
  }
  for (const session_id& each : silent) holdings_.fall_silent(each, now);
}

void worker_machine::tick(time_point now) {
  if (has_left()) return;
  if (now >= later(next_deadline(), own_stall)) {
    hear_all(now);
  } else if (!away_since_.has_value()) {
    fall_silent(now);
  }
  holdings_.drop_overdue(now);
  settle(now);
  if (course_ == course::serving && limits_.idle_exit.count() > 0 && is_empty_ &&
      now >= later(idle_since_, limits_.idle_exit)) {
    leave(now);
  }
  if (now >= leave_until_) go();
}

worker_machine::time_point worker_machine::next_deadline() const noexcept {
  if (has_left()) return time_point::max();
  time_point next = leave_until_;
  if (away_since_.has_value()) {
    if (limits_.give_up_after.count() > 0) {
      next = std::min(next, later(*away_since_, limits_.give_up_after));
    }
  } else {
    for (const auto& [id, each] : holdings_.sessions().all()) {
      if (each.is == presence::present)
        next = std::min(next, later(each.heard_at, each.lost_after));
    }
  }
  if (const auto untaken = holdings_.deadline()) next = std::min(next, *untaken);
  if (const auto sending = sender_.deadline()) next = std::min(next, *sending);
  if (course_ == course::serving && limits_.idle_exit.count() > 0 && is_empty_) {
    next = std::min(next, later(idle_since_, limits_.idle_exit));
  }
  return next;
}

// --- Threads ---

std::optional<assignment> worker_machine::take() {
  owned_batch_ptr its = holdings_.take();
  if (its == nullptr) return std::nullopt;
  const worker_session& from = *holdings_.sessions().find(its->what.session);
  try {
    if (its->what.how != care::none) speech_.started(from.id, its->what.number);
  } catch (const std::bad_alloc&) {
    // As a message that is lost: the answer to the next poll says that it runs.
  }
  return assignment{.batch = std::move(its), .work = from.served, .timeout = from.timeout};
}

void worker_machine::finished(owned_batch& its, std::string&& answer, std::uint64_t begun,
                              time_point now) {
  done_ += begun;
  holdings_.finished(its, std::move(answer), now);
  if (!has_left()) settle(now);
}

// --- Its end ---

void worker_machine::leave(time_point now) {
  if (course_ != course::serving) return;
  course_ = course::leaving;
  leave_until_ = later(now, limits_.leave_within);
  holdings_.begin_nothing_more();
  for (auto& [id, each] : holdings_.sessions().all()) {
    if (each.is != presence::superseded) speech_.goodbye(id, holdings_.give_back(each));
  }
  settle(now);
}

void worker_machine::leave_at_once(time_point now) {
  leave(now);
  go();
}

void worker_machine::go() {
  if (has_left()) return;
  course_ = course::gone;
  holdings_.let_go_of_running();
  for (const auto& [id, each] : holdings_.sessions().all()) {
    if (each.is != presence::superseded) speech_.gone(id);
  }
}

// --- At the end of each event ---

worker_moment worker_machine::moment(time_point now) const noexcept {
  return {.done = done_, .is_leaving = course_ != course::serving, .now = now};
}

void worker_machine::say_first_states(time_point now) {
  for (auto& [id, each] : holdings_.sessions().all()) {
    if (!each.awaits_state || !sender_.has_sent_all(id)) continue;
    each.awaits_state = false;
    each.is_introduced = true;
    speech_.state(each, std::exchange(each.awaited_poll, 0), moment(now));
  }
}

void worker_machine::settle(time_point now) {
  sender_.pump(now);
  say_first_states(now);
  forget_parts();
  const bool was_empty = std::exchange(is_empty_, holdings_.is_empty());
  if (!is_empty_ || !was_empty) idle_since_ = now;
  if (course_ == course::leaving && !holdings_.is_awaited()) go();
}

}  // namespace parwork::nats::detail
