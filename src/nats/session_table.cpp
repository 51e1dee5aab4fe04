#include "nats/session_table.hpp"

namespace parwork::nats::detail {
namespace {

constexpr std::size_t most_remembered_sessions = 1024;

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

std::optional<session_id> session_table::remember_holder(const worker_session& now) {
  const auto [place, is_new] = holders_.try_emplace({now.job, now.work}, now.id);
  if (!is_new) return std::exchange(place->second, now.id);
  holders_in_order_.push_back(place->first);
  if (holders_in_order_.size() > most_remembered_sessions) {
    holders_.erase(holders_in_order_.front());
    holders_in_order_.pop_front();
  }
  return std::nullopt;
}

std::vector<worker_session*> session_table::take_over(const worker_session& by) {
  const auto before = remember_holder(by);
  if (before.has_value() && *before != by.id) remember_superseded(*before, by.id);
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
