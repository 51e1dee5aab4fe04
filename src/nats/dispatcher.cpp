#include "nats/dispatcher.hpp"

#include <algorithm>
#include <utility>

namespace parwork::nats::detail {

namespace {

// With fewer items for each thread than that, it pays to wait for more.
constexpr std::size_t full_enough = 16;
// Spans are no shorter than that where items are short: each costs a call.
constexpr std::size_t span_floor = 16;

}  // namespace

void dispatcher::hand_out() {
  while (table_.has_suspects()) {
    remote_worker* const to = for_suspect();
    if (to == nullptr) break;
    send(*to, *table_.next_suspect(to->id));
  }
  while (table_.fresh() > 0) {
    remote_worker* const to = for_fresh();
    if (to == nullptr) break;
    const batch_bounds most{batch_size(*to), out_.largest_batch()};
    last_size_ = most.items;
    send(*to, *table_.next_fresh(to->id, most));
  }
}

std::size_t dispatcher::longest_wanted() const noexcept {
  std::size_t wanted = 1;
  for (const auto& one : workers_.all()) wanted = std::max(wanted, one->wanted);
  return std::min(wanted, std::max(2 * last_size_, span_floor));
}

std::size_t dispatcher::batch_size(const remote_worker& one) const noexcept {
  const std::size_t share = table_.fresh() / std::max<std::size_t>(2 * workers_.threads(), 1);
  return std::min(one.wanted, std::max<std::size_t>(share, 1));
}

bool dispatcher::is_part(const remote_worker& one) const noexcept {
  return batch_size(one) < std::min(one.wanted, full_enough);
}

template <class Eligible>
remote_worker* dispatcher::least_loaded(Eligible&& eligible) noexcept {
  const auto& all = workers_.all();
  remote_worker* best = nullptr;
  std::size_t best_at = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::size_t at = (next_ + i) % all.size();
    remote_worker& one = *all[at];
    if (one.is_leaving || one.has_alone || !eligible(one)) continue;
    if (best == nullptr || one.open.size() * best->threads < best->open.size() * one.threads) {
      best = &one;
      best_at = at;
      if (one.open.empty()) break;
    }
  }
  if (best != nullptr) next_ = best_at + 1;
  return best;
}

remote_worker* dispatcher::for_suspect() noexcept {
  return least_loaded([](const remote_worker& one) { return one.open.size() < one.threads; });
}

remote_worker* dispatcher::for_fresh() noexcept {
  // Suspects that wait need the next free thread.
  const bool do_suspects_wait = table_.has_suspects();
  return least_loaded([&](const remote_worker& one) {
    if (one.open.size() < one.threads) return true;
    return !do_suspects_wait && one.open.size() < one.credit && !is_part(one);
  });
}

void dispatcher::send(remote_worker& to, open_batch& one) {
  one.after_poll = to.polls.number();
  to.open.push_back(one.number);
  to.items += one.items;
  to.has_alone = to.has_alone || one.how == care::alone;
  message_.number = one.number;
  message_.how = one.how;
  table_.fill(one, message_.items);
  one.in_parts = out_.send_batch(to.id, message_);
}

}  // namespace parwork::nats::detail
