#include "nats/worker_holdings.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "nats/batch_outcomes.hpp"

namespace parwork::nats::detail {
namespace {

// A result that was sent so short before a poll may have crossed it: it is not sent again by that.
// The least is for submitters that poll all the time.
constexpr int crossing_share_of_heartbeat = 4;

}  // namespace

worker_holdings::worker_holdings(const worker_options& limits, unsigned threads,
                                 result_sender& sender)
    : sender_(sender), untaken_(limits.keep_results, limits.keep_bytes) {
  running_.reserve(threads);
}

// --- Sessions ---

void worker_holdings::hear(worker_session& from, time_point now) {
  from.heard_at = now;
  if (from.is != presence::absent) return;
  from.is = presence::present;
  for (worker_session* const each : sessions_.belonging_to(from)) {
    for (auto& [number, its] : each->held) untaken_.remove(*its);
  }
}

void worker_holdings::fall_silent(const session_id& which, time_point now) {
  worker_session* const silent = sessions_.find(which);
  if (silent == nullptr || silent->is != presence::present) return;
  if (silent->job.empty() || silent->fits != fitness::serves) return forget(which);
  silent->is = presence::absent;
  sender_.forget_receiver(which);
  silent->awaits_state = false;
  for (worker_session* const each : sessions_.belonging_to(*silent)) {
    for (auto& [number, its] : each->held) {
      if (its->at == batch_stage::kept) untaken_.add(its, now);
    }
  }
  forget_if_empty(which);
}

void worker_holdings::forget(const session_id& which) {
  worker_session* const its = sessions_.find(which);
  if (its == nullptr) return;
  sender_.forget_receiver(which);
  std::vector<session_id> gone;
  for (worker_session* const each : sessions_.belonging_to(*its)) {
    drop_all(*each);
    gone.push_back(each->id);
  }
  for (const session_id& each : gone) sessions_.erase(each);
}

void worker_holdings::forget_if_empty(const session_id& which) {
  worker_session* const its = sessions_.find(which);
  if (its == nullptr || !its->held.empty() || its->is == presence::present) return;
  // An heir stays as long as somebody whose results it is to get.
  if (sessions_.belonging_to(*its).size() > 1) return;
  const session_id heir = its->heir;
  const bool has_heir = its->is == presence::superseded;
  sessions_.erase(which);
  if (has_heir) forget_if_empty(heir);
}

std::vector<session_id> worker_holdings::take_over(worker_session& by) {
  std::vector<session_id> told;
  for (worker_session* const each : sessions_.take_over(by)) {
    told.push_back(each->id);
    sender_.forget_receiver(each->id);
    inherit(by, *each);
  }
  for (const session_id& each : told) forget_if_empty(each);
  return told;
}

void worker_holdings::inherit(worker_session& heir, worker_session& from) {
  for (const owned_batch_ptr& queued : turns_.remove_all(from.id)) {
    from.held.erase(queued->what.number);
  }
  for (auto& [number, its] : from.held) {
    if (its->at != batch_stage::kept) continue;
    untaken_.remove(*its);
    sender_.forget(*its);
    sender_.send(heir.id, its);
  }
}

// --- Batches ---

bool worker_holdings::add(worker_session& of, const std::shared_ptr<const std::string>& frame,
                          batch&& what) {
  if (of.held.size() >= most_items || of.held.contains(what.number)) return false;
  const std::uint64_t number = what.number;
  auto its = std::make_shared<owned_batch>(frame, std::move(what), ++arrivals_);
  const auto place = of.held.emplace(number, its).first;
  try {
    turns_.add(std::move(its));
  } catch (const std::bad_alloc&) {
    of.held.erase(place);
    throw;
  }
  return true;
}

owned_batch_ptr worker_holdings::take() {
  owned_batch_ptr its = turns_.next();
  if (its == nullptr) return nullptr;
  its->at = batch_stage::running;
  running_.push_back(its);
  return its;
}

void worker_holdings::finished(owned_batch& its, std::string&& answer, time_point now) {
  const auto place = std::ranges::find(running_, &its, &owned_batch_ptr::get);
  const owned_batch_ptr alive = std::move(*place);
  running_.erase(place);
  turns_.ended(its);
  worker_session* const of = its.is_wanted ? sessions_.find(its.what.session) : nullptr;
  if (of == nullptr) return;
  std::shared_ptr<const std::string> shared;
  try {
    if (!answer.empty()) shared = std::make_shared<const std::string>(std::move(answer));
  } catch (const std::bad_alloc&) {
    // As without an answer.
  }
  if (shared != nullptr) return keep(*of, its, std::move(shared), now);
  of->held.erase(its.what.number);
  forget_if_empty(its.what.session);
}

void worker_holdings::keep(worker_session& of, owned_batch& its,
                           std::shared_ptr<const std::string>&& answer, time_point now) {
  its.at = batch_stage::kept;
  its.answer = std::move(answer);
  const owned_batch_ptr& owned = of.held.at(its.what.number);
  worker_session* const receiver = sessions_.receiver_of(of);
  if (receiver == nullptr) return drop(of, its.what.number);
  if (receiver->is == presence::present) return sender_.send(receiver->id, owned);
  untaken_.add(owned, now);
}

void worker_holdings::ask_to_stop(owned_batch& running) {
  // Relaxed: see owned_batch.
  running.is_cut_short.store(true, std::memory_order_relaxed);
  stops_.push_back(running.stop);
}

void worker_holdings::drop(worker_session& of, std::uint64_t number) {
  const auto place = of.held.find(number);
  if (place == of.held.end()) return;
  const owned_batch_ptr its = place->second;
  of.held.erase(place);
  release(*its);
  forget_if_empty(of.id);
}

void worker_holdings::drop_all(worker_session& of) {
  for (const auto& [number, its] : std::exchange(of.held, {})) release(*its);
}

// REQUIRES: it is in no session.
void worker_holdings::release(owned_batch& its) {
  switch (its.at) {
    case batch_stage::queued:
      turns_.remove(its);
      break;
    case batch_stage::running:
      its.is_wanted = false;
      ask_to_stop(its);
      break;
    case batch_stage::kept:
      untaken_.remove(its);
      sender_.forget(its);
      break;
  }
}

void worker_holdings::cancel(worker_session& of, const std::vector<std::uint64_t>& numbers,
                             time_point now) {
  std::vector<owned_batch_ptr> meant;
  for (const auto& [number, its] : of.held) {
    if (numbers.empty() || std::ranges::find(numbers, number) != numbers.end())
      meant.push_back(its);
  }
  for (const owned_batch_ptr& its : meant) {
    if (its->at == batch_stage::running) ask_to_stop(*its);
    if (its->at == batch_stage::queued) {
      auto answer = std::make_shared<const std::string>(not_started_answer(*its));
      turns_.remove(*its);
      keep(of, *its, std::move(answer), now);
    }
  }
}

std::vector<std::uint64_t> worker_holdings::give_back(worker_session& of) {
  std::vector<std::uint64_t> numbers;
  for (const owned_batch_ptr& its : turns_.remove_all(of.id)) {
    numbers.push_back(its->what.number);
    of.held.erase(its->what.number);
  }
  return numbers;
}

void worker_holdings::begin_nothing_more() noexcept {
  // Relaxed: see owned_batch.
  for (const owned_batch_ptr& its : running_)
    its->is_cut_short.store(true, std::memory_order_relaxed);
}

void worker_holdings::let_go_of_running() {
  for (const owned_batch_ptr& its : running_) {
    its->is_wanted = false;
    ask_to_stop(*its);
  }
}

// --- Time ---

void worker_holdings::send_again(worker_session& receiver, time_point now) {
  const auto crossing = receiver.heartbeat / crossing_share_of_heartbeat;
  for (worker_session* const each : sessions_.belonging_to(receiver)) {
    for (auto& [number, its] : each->held) {
      if (its->at != batch_stage::kept || sender_.is_sending(*its)) continue;
      if (its->sent_at != time_point::min() && now - its->sent_at < crossing) continue;
      sender_.send(receiver.id, its);
    }
  }
}

void worker_holdings::all_may_be_lost() noexcept {
  for (auto& [id, each] : sessions_.all()) {
    for (auto& [number, its] : each.held) its->sent_at = time_point::min();
  }
}

void worker_holdings::drop_overdue(time_point now) {
  for (const owned_batch_ptr& its : untaken_.overdue(now)) {
    worker_session* const of = sessions_.find(its->what.session);
    if (of != nullptr) drop(*of, its->what.number);
  }
}

bool worker_holdings::is_empty() const noexcept {
  return turns_.is_idle() && std::ranges::all_of(sessions_.all(), [](const auto& each) {
           return each.second.held.empty();
         });
}

bool worker_holdings::is_awaited() noexcept {
  if (!running_.empty()) return true;
  return std::ranges::any_of(sessions_.all(), [this](auto& each) {
    worker_session* const receiver = sessions_.receiver_of(each.second);
    return !each.second.held.empty() && receiver != nullptr && receiver->is == presence::present;
  });
}

std::uint64_t worker_holdings::items() const noexcept {
  std::uint64_t count = 0;
  for (const auto& [id, each] : sessions_.all()) {
    for (const auto& [number, its] : each.held) count += its->what.items.size();
  }
  return count;
}

std::vector<std::stop_source> worker_holdings::take_stops() noexcept {
  return std::exchange(stops_, {});
}

}  // namespace parwork::nats::detail
