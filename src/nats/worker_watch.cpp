#include "nats/worker_watch.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace parwork::nats::detail {

namespace {

unsigned polls_in(std::chrono::nanoseconds lost_after, std::chrono::nanoseconds heartbeat) {
  return static_cast<unsigned>(std::clamp<std::int64_t>(
      lost_after / std::max(heartbeat, std::chrono::nanoseconds(1)), 1, 1'000'000));
}

}  // namespace

worker_watch::worker_watch(const submitter_settings& settings, work_table& table, outbox& out,
                           machine_observer& observer)
    : settings_(settings),
      table_(table),
      out_(out),
      observer_(observer),
      most_polls_(polls_in(settings.lost_after, settings.heartbeat)),
      workers_(settings.max_batch) {}

remote_worker* worker_watch::heard(const session_id& worker, time_point now) noexcept {
  remote_worker* const by = workers_.find(worker);
  if (by != nullptr) {
    by->polls.heard();
    by->heard_at = now;
  }
  return by;
}

void worker_watch::said_state(remote_worker* by, const state& says, time_point now) {
  if (by == nullptr) {
    // One that leaves has been told of, or never had work of this session.
    if (!says.is_leaving) join(says, now);
    return;
  }
  if (says.is_leaving) leaves(*by);
  if (const auto round_trip = by->polls.taken(says.poll, now)) {
    by->pace.answered(*round_trip);
    by->clock.learn(now - *round_trip, *round_trip, says.clock);
  }
  workers_.update(*by, says, now);
  if (says.poll > 0) compare_held(*by, says, now);
}

void worker_watch::said_goodbye(remote_worker& by, const goodbye& what, time_point now) {
  leaves(by);
  for (const std::uint64_t number : what.given_back) {
    open_batch* const one = table_.find(number, by.id);
    if (one == nullptr) continue;
    close(by, *one);
    table_.give_back(*one, now);
  }
  if (!what.is_gone) return;
  give_back_all(by, now);
  forget(by);
}

void worker_watch::got_part(const session_id& from, remote_worker* by, const part_got& what) {
  const std::uint64_t is_there = out_.got(from, what);
  if (is_there == 0 || by == nullptr) return;
  for (const std::uint64_t number : by->open) {
    open_batch* const one = table_.find(number, from);
    if (one->in_parts != is_there) continue;
    one->in_parts = 0;
    one->after_poll = by->polls.number();
  }
}

part_taken worker_watch::take_part(const session_id& from, const remote_worker* by,
                                   const part& what, time_point now) {
  const auto with = by != nullptr ? acquaintance::known : acquaintance::unknown;
  part_taken got = incoming_.take(from, with, what, now);
  if (got.fate != part_fate::damaged) {
    out_.send(from, part_got{settings_.session, what.of, what.index});
  }
  return got;
}

void worker_watch::close(remote_worker& holder, const open_batch& one) {
  if (one.in_parts != 0) out_.drop(holder.id, one.in_parts);
  holder.drop_open(one.number, one.items);
  if (one.how == care::alone) holder.has_alone = false;
}

void worker_watch::beat(wakefulness how, time_point now) {
  std::vector<session_id> lost;
  for (const auto& one : workers_.all()) {
    one->polls.heartbeat_over(how, settings_.heartbeat, now);
    if (one->polls.is_lost()) lost.push_back(one->id);
  }
  for (const session_id& id : lost) lose(*workers_.find(id), now);
  incoming_.forget_strangers(now - std::max(settings_.lost_after, 3 * settings_.heartbeat));
  poll_all(now);
}

void worker_watch::no_responders(const session_id& worker, time_point now) {
  remote_worker* const one = workers_.find(worker);
  if (one == nullptr) return;
  one->polls.had_nobody();
  if (one->polls.is_lost()) lose(*one, now);
}

void worker_watch::start_anew(time_point now) {
  for (const auto& one : workers_.all()) one->polls.start_anew();
  poll_all(now);
}

void worker_watch::end_cancelled(time_point now) {
  for (const auto& one : workers_.all()) {
    const std::vector<std::uint64_t> open = one->open;
    for (const std::uint64_t number : open) {
      open_batch* const its = table_.find(number, one->id);
      if (!its->is_cancelled) continue;
      close(*one, *its);
      table_.give_back(*its, now);
    }
  }
}

void worker_watch::acknowledge(const session_id& worker, const session_id& session,
                               std::uint64_t batch) {
  out_.send(worker, taken{.session = session, .batches = {batch}});
}

void worker_watch::say_what_is_due() {
  for (const auto& one : workers_.all()) {
    if (!one->taken.empty()) {
      out_.send(one->id, taken{settings_.session, std::exchange(one->taken, {})});
    }
    if (!one->cancelled.empty()) {
      out_.send_behind(one->id, cancel{settings_.session, std::exchange(one->cancelled, {})});
    }
  }
  for (const used_up& one : table_.take_used_up()) acknowledge(one.worker, one.session, one.batch);
}

void worker_watch::let_go(leftovers how) {
  for (const auto& one : workers_.all()) {
    out_.forget(one->id);
    one->cancelled.clear();
    if (!one->open.empty() && how == leftovers::are_cancelled) {
      out_.send(one->id, cancel{.session = settings_.session, .batches = {}});
    }
    one->open.clear();
    one->items = 0;
    one->has_alone = false;
  }
}

void worker_watch::say_farewell() {
  say_what_is_due();
  for (const auto& one : workers_.all()) out_.send(one->id, farewell{settings_.session});
}

std::vector<worker_info> worker_watch::infos(time_point now) const {
  std::vector<worker_info> all;
  all.reserve(workers_.size());
  for (const auto& one : workers_.all()) all.push_back(one->info(now));
  return all;
}

void worker_watch::join(const state& says, time_point now) {
  remote_worker& one = workers_.add(says.worker, most_polls_);
  incoming_.joined(says.worker);
  one.heard_at = now;
  one.done = says.done;
  workers_.update(one, says, now);
  tell(observer_, event::kind::worker_joined, one,
       "worker " + one.name() + " has come, with " + std::to_string(one.threads) +
           (one.threads == 1 ? " thread" : " threads"));
  // Its clock, and what it holds from before it was lost.
  poll(one, now);
}

void worker_watch::leaves(remote_worker& one) {
  if (one.is_leaving) return;
  one.is_leaving = true;
  workers_.rate(one);
  tell(observer_, event::kind::worker_left, one, "worker " + one.name() + " leaves");
}

void worker_watch::compare_held(remote_worker& by, const state& says, time_point now) {
  std::vector<held_batch> held = says.held;
  std::ranges::sort(held, {}, &held_batch::batch);
  const std::vector<std::uint64_t> open = by.open;
  for (const std::uint64_t number : open) {
    open_batch* const one = table_.find(number, by.id);
    if (one == nullptr || one->in_parts != 0 || one->after_poll >= says.poll) continue;
    if (std::ranges::binary_search(held, number, {}, &held_batch::batch)) continue;
    // Messages to a worker keep their order: what is not there was lost on the way.
    close(by, *one);
    table_.give_back(*one, now);
  }
  for (const held_batch& one : held) {
    if (one.at == batch_stage::kept || table_.find(one.batch, by.id) != nullptr) continue;
    // Given to others since. What runs may yet be first.
    if (one.at == batch_stage::queued || !table_.is_lost(one.batch)) {
      by.cancelled.push_back(one.batch);
    }
  }
}

void worker_watch::give_back_all(remote_worker& from, time_point now) {
  // From behind, as each goes before the others.
  while (!from.open.empty()) {
    open_batch* const one = table_.find(from.open.back(), from.id);
    close(from, *one);
    table_.give_back(*one, now);
  }
}

void worker_watch::lose(remote_worker& one, time_point now) {
  const std::string name = one.name();
  const bool is_awaited = !one.is_leaving || !one.open.empty();
  if (is_awaited) {
    tell(observer_, event::kind::worker_lost, one,
         "worker " + name + " does not answer: the " + std::to_string(one.items) +
             " items that it held are done elsewhere");
  }
  while (!one.open.empty()) {
    open_batch* const batch = table_.find(one.open.front(), one.id);
    close(one, *batch);
    table_.lose(*batch, name, now);
  }
  forget(one);
}

void worker_watch::forget(remote_worker& one) {
  out_.forget(one.id);
  incoming_.forget(one.id);
  workers_.erase(one);
}

void worker_watch::poll(remote_worker& one, time_point now) {
  one.polls.ask(++last_poll_, now);
  out_.send_poll(one.id, {settings_.session, last_poll_});
}

void worker_watch::poll_all(time_point now) {
  for (const auto& one : workers_.all()) {
    cancel_again(*one);
    poll(*one, now);
  }
}

void worker_watch::cancel_again(remote_worker& of) {
  // The one before may have been lost on its way.
  for (const std::uint64_t number : of.open) {
    const open_batch* const one = table_.find(number, of.id);
    if (one != nullptr && one->is_cancelled) of.cancelled.push_back(number);
  }
  if (!of.cancelled.empty()) {
    out_.send_behind(of.id, cancel{settings_.session, std::exchange(of.cancelled, {})});
  }
}

}  // namespace parwork::nats::detail
