#include "nats/kept_results.hpp"

#include <functional>
#include <utility>

namespace parwork::nats::detail {

namespace {

std::uint64_t hash_of_item(std::string_view item) noexcept {
  return std::hash<std::string_view>{}(item);
}

// Beside its bytes: the entry, its node, its bucket.
constexpr std::size_t bytes_beside_kept = 160;

std::size_t room_of_kept(const kept_item& one) noexcept {
  return one.item.size() + one.its.result.size() + one.its.message.size() + bytes_beside_kept;
}

}  // namespace

void kept_results::add(const session_id& worker, const kept& what) {
  const auto name = std::tuple(what.earlier, what.batch, worker);
  if (const auto known = batches_.find(name); known != batches_.end()) {
    // The acknowledgement may have been lost, so that it is made again.
    known->second.is_acknowledged = false;
    return acknowledge(known->second);
  }
  std::size_t room = 0;
  for (const kept_item& one : what.items) room += room_of_kept(one);
  // It comes again, and there may be room then.
  if (bytes_ > 0 && bytes_ + room > most_bytes_) return;

  batch_entry& whole = batches_[name];
  whole.name = {worker, what.earlier, what.batch};
  for (const kept_item& one : what.items) {
    if (one.its.kind == outcome_kind::not_started) continue;
    const bool is_result = one.its.kind == outcome_kind::result;
    outcomes_.emplace(
        hash_of_item(one.item),
        entry{std::string(one.item), std::string(is_result ? one.its.result : one.its.message),
              one.its.kind, one.its.why, one.its.stage, &whole});
    bytes_ += room_of_kept(one);
    ++whole.left;
  }
  if (whole.left == 0) acknowledge(whole);
}

std::vector<used_up> kept_results::take_used_up() { return std::exchange(used_up_, {}); }

void kept_results::clear() {
  outcomes_.clear();
  bytes_ = 0;
  for (auto& [name, one] : batches_) {
    one.left = 0;
    acknowledge(one);
  }
}

kept_results::outcomes::iterator kept_results::find(std::string_view item) {
  auto [at, end] = outcomes_.equal_range(hash_of_item(item));
  for (; at != end; ++at) {
    if (at->second.item == item) return at;
  }
  return outcomes_.end();
}

outcome kept_results::view_of(const entry& one) {
  if (one.kind == outcome_kind::result) return {.kind = one.kind, .result = one.bytes};
  return {.kind = one.kind, .why = one.why, .message = one.bytes, .stage = one.stage};
}

void kept_results::forget(outcomes::iterator at) {
  bytes_ -= at->second.item.size() + at->second.bytes.size() + bytes_beside_kept;
  batch_entry& whole = *at->second.whole;
  outcomes_.erase(at);
  if (--whole.left == 0) acknowledge(whole);
}

void kept_results::acknowledge(batch_entry& one) {
  if (!std::exchange(one.is_acknowledged, true)) used_up_.push_back(one.name);
}

}  // namespace parwork::nats::detail
