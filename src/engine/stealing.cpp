#include "engine/stealing.hpp"

#include <algorithm>

#include "parwork/detail/barrier.hpp"
#include "parwork/detail/owned_mutex.hpp"

namespace parwork::detail {

bool stealing::is_there_work(victims whom) noexcept {
  const auto counts = [&](const worker& w) { return whom == victims::all || w.is_cheap_to_rob(); };
  // Most searches end here, and do not take from a busy worker's core what it writes for every
  // item.
  if (!workers_.any(counts)) return false;
  const lock_guard guard(stock_.hint_lock());
  return workers_.any([&](const worker& victim) {
    if (!counts(victim)) return false;
    const batch* const pulled = victim.pulling.load();
    if (pulled != nullptr && takeable(*pulled) > pulled->start.load()) return true;
    const batch* const started = victim.current.load();
    return started != nullptr && started->limit.load() > started->claimed.load();
  });
}

batch* stealing::next(worker& w, victims whom) {
  if (!is_there_work(whom)) return nullptr;
  batch* taken = nullptr;
  workers_.any_other(w.number, [&](worker& victim) {
    if (whom == victims::cheap && !victim.is_cheap_to_rob()) return false;
    taken = take_front(w, victim);
    if (taken == nullptr) taken = take_back(w, victim);
    return taken != nullptr;
  });
  return taken;
}

// The older half of what the victim has pulled, while it is inside the generator. Of items that
// have waited to be one span, all.
batch* stealing::take_front(worker& w, worker& victim) {
  if (victim.pulling.load() == nullptr) return nullptr;
  const visitor_guard guard(victim.lock);
  batch* const b = victim.pulling.load();
  if (b == nullptr) return nullptr;
  const std::uint32_t start = b->start.load();
  const std::uint32_t upto = takeable(*b);
  if (upto <= start) return nullptr;
  const std::uint32_t there = upto - start;
  const std::uint32_t count = lingering_.is_used() ? there : there - there / 2;
  batch* const mine = stock_.try_get(w, count);
  if (mine == nullptr) return nullptr;
  hooks_.move_items(*b, start, start + count, *mine);
  b->start.store(start + count);
  if (lingering_.is_used()) {
    lingering_.admit_taken(*b, start, *mine, count);
    return mine;
  }
  admission_.admit(*mine, 0, count);
  if (w.record != nullptr) w.record->pulled(count);
  return mine;
}

// The later half of what the victim has not started; all of it if that is one item.
batch* stealing::take_back(worker& w, worker& victim) {
  if (victim.current.load() == nullptr) return nullptr;
  const visitor_guard guard(victim.lock);
  batch* const b = victim.current.load();
  if (b == nullptr) return nullptr;
  const std::uint32_t limit = b->limit.load();
  const std::uint32_t claimed = b->claimed.load();
  if (claimed >= limit) return nullptr;
  std::uint32_t from = claimed + (limit - claimed) / 2;
  batch* const mine = part_of(w, *b, from, limit);
  if (mine == nullptr) return nullptr;
  b->limit.store(from);
  if (!victim.is_cheap_to_rob()) heavy_barrier();
  const std::uint32_t claimed_now = b->claimed.load();
  if (claimed_now > from) {
    from = std::min(claimed_now, limit);
    b->limit.store(from);
  }
  if (from == limit) {
    stock_.put(w, *mine);
    return nullptr;
  }
  move_part(*b, from, limit, *mine);
  return mine;
}

// A batch that items [from, upto) of another fit in; null if there is no memory for it.
batch* stealing::part_of(worker& w, batch& b, std::uint32_t from, std::uint32_t upto) noexcept {
  return stock_.try_get(w, b.is_straight ? 1 : upto - from);
}

void stealing::move_part(batch& b, std::uint32_t from, std::uint32_t upto, batch& rest) noexcept {
  if (!b.is_straight) hooks_.move_items(b, from, upto, rest);
  rest.is_straight = b.is_straight;
  rest.first_index = b.first_index + from;
  rest.from = b.from;
  rest.limit.store(upto - from, std::memory_order_relaxed);  // nobody else knows it yet
  admission_.insert_behind(b, rest);
}

batch* stealing::split_off(worker& w, batch& b, std::uint32_t from, std::uint32_t upto) noexcept {
  batch* const rest = part_of(w, b, from, upto);
  if (rest == nullptr) return nullptr;
  b.limit.store(from);
  move_part(b, from, upto, *rest);
  return rest;
}

}  // namespace parwork::detail
