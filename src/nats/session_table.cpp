#include "nats/session_table.hpp"

#include <algorithm>

namespace parwork::nats::detail {
namespace {

constexpr std::size_t most_remembered_sessions = 1024;
constexpr std::size_t most_rivals = 16;

// A holder that says nothing for so long is not there: as when a submitter asks for its job.
std::chrono::nanoseconds believed_for(const worker_session& holder) noexcept {
  using std::chrono::nanoseconds;
  constexpr nanoseconds least = std::chrono::seconds(2);
  const nanoseconds whole_beats = std::min(holder.heartbeat, holder.lost_after / 2) * 2;
  return std::min(std::max(least, whole_beats), holder.lost_after);
}

}  // namespace

worker_session* session_table::find(const session_id& id) noexcept {
  const auto place = sessions_.find(id);
  return place == sessions_.end() ? nullptr : &place->second;
}

worker_session& session_table::add(worker_session&& fresh) {
  const session_id id = fresh.id;
  return sessions_.insert_or_assign(id, std::move(fresh)).first->second;
}

std::optional<session_id> session_table::superseded_by(const session_id& id) const noexcept {
  const auto place = superseded_.find(id);
  if (place == superseded_.end()) return std::nullopt;
  return place->second;
}

void session_table::remember_superseded(const session_id& id, const session_id& by) {
  if (!superseded_.emplace(id, by).second) return;
  superseded_in_order_.push_back(id);
  if (superseded_in_order_.size() <= most_remembered_sessions) return;
  superseded_.erase(superseded_in_order_.front());
  superseded_in_order_.pop_front();
}

void session_table::has_begun(worker_session& its, std::uint64_t when) {
  its.began = std::max(its.began, when);
  const auto place = holders_.find({its.job, its.work});
  if (place != holders_.end() && place->second.id == its.id) place->second.began = its.began;
}

worker_session* session_table::holder_against(const worker_session& fresh,
                                              time_point now) noexcept {
  const auto place = holders_.find({fresh.job, fresh.work});
  if (place == holders_.end() || place->second < session_rank{fresh.began, fresh.id})
    return nullptr;
  worker_session* const holder = find(place->second.id);
  if (holder == nullptr || holder->is != presence::present) return nullptr;
  if (now - holder->heard_at >= believed_for(*holder)) return nullptr;
  return holder;
}

void session_table::add_rival(worker_session& holder, const session_id& its) {
  std::vector<session_id>& all = holder.rivals;
  if (all.size() < most_rivals && std::ranges::find(all, its) == all.end()) all.push_back(its);
}

std::vector<session_id> session_table::refuse_rivals(worker_session& holder) {
  const std::vector<session_id> refused = std::exchange(holder.rivals, {});
  for (const session_id& each : refused) remember_superseded(each, holder.id);
  return refused;
}

std::optional<session_rank> session_table::remember_holder(const worker_session& now) {
  const session_rank its{now.began, now.id};
  const auto [place, is_new] = holders_.try_emplace({now.job, now.work}, its);
  if (!is_new) return std::exchange(place->second, its);
  holders_in_order_.push_back(place->first);
  if (holders_in_order_.size() > most_remembered_sessions) {
    holders_.erase(holders_in_order_.front());
    holders_in_order_.pop_front();
  }
  return std::nullopt;
}

std::vector<worker_session*> session_table::take_over(worker_session& by) {
  const auto before = remember_holder(by);
  if (before.has_value() && before->id != by.id) {
    by.after = before->began;
    remember_superseded(before->id, by.id);
  }
  std::vector<worker_session*> earlier;
  for (auto& [id, each] : sessions_) {
    if (id == by.id || each.fits != fitness::serves) continue;
    if (each.job != by.job || each.work != by.work) continue;
    remember_superseded(id, by.id);
    each.is = presence::superseded;
    each.heir = by.id;
    earlier.push_back(&each);
  }
  return earlier;
}

std::vector<worker_session*> session_table::belonging_to(worker_session& its) {
  std::vector<worker_session*> belonging{&its};
  for (auto& [id, each] : sessions_) {
    if (each.is == presence::superseded && each.heir == its.id) belonging.push_back(&each);
  }
  return belonging;
}

worker_session* session_table::receiver_of(worker_session& its) noexcept {
  return its.is == presence::superseded ? find(its.heir) : &its;
}

}  // namespace parwork::nats::detail
