#include "engine/intake.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace parwork::detail {

namespace {

// A batch should take this long to pull and to work through: long enough that its overhead (under a
// microsecond) is lost in it, short enough that nobody notices waiting for it. Source: the
// measurements of the design page.
constexpr std::chrono::nanoseconds batch_time = std::chrono::microseconds(30);
constexpr std::chrono::nanoseconds pull_limit = std::chrono::microseconds(25);
constexpr std::uint32_t read_clock_every = 16;  // items
// A straight batch has no slots to fill.
constexpr std::uint64_t longest_slice = std::uint64_t{1} << 16;

}  // namespace

bool intake::is_there_work(unsigned number) const noexcept {
  if (credits_.is_closed()) return false;
  if (!shape_.is_split) {
    if (shape_.generator_thread == runs_on::own_thread) return false;
    if (shape_.generator_thread == runs_on::caller && number != 0) return false;
    if (pull_gate_.load() != 0) return false;
  }
  return ending_.is_stopping() || credits_.room() > 0;
}

// No more than what would leave the other workers their share of the bound.
std::uint32_t intake::batch_size(const worker& w, std::uint64_t most) const noexcept {
  if (shape_.is_straight)
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(w.target, most));
  const std::uint64_t share = std::max<std::uint64_t>(1, credits_.bound() / shape_.workers);
  const std::uint64_t wanted = wakeups_.has_spawned_items() ? 1 : w.target;
  return static_cast<std::uint32_t>(
      std::min({wanted, share, most, std::uint64_t{traits_.largest_batch}}));
}

// Asks once for each batch. May throw what it asks.
std::uint64_t intake::longest_wanted() {
  return traits_.asks_for_length ? hooks_.longest_wanted()
                                 : std::numeric_limits<std::uint64_t>::max();
}

intake::turn intake::next(worker& w) {
  if (!is_there_work(w.number)) return {};
  return shape_.is_split ? next_slice(w) : next_pulled(w);
}

intake::turn intake::next_pulled(worker& w) {
  if (pull_gate_.exchange(1) != 0) return {};
  turn taken{.what = turn::outcome::taken, .began = w.turn_to(part::pulling)};
  wakeups_.found_work(w);
  batch* const b = pull_batch(w);
  // What comes next may wake a thread, and is not the generator's time: another may be inside by
  // then.
  if (wakeups_.is_anybody_free()) w.turn_to(part::nothing);
  publish(pull_gate_, 0, barrier_);
  if (shape_.generator_thread == runs_on::workers && wakeups_.is_anybody_free() &&
      is_there_work(w.number)) {
    if (b == nullptr && lingering_.is_used()) {
      wakeups_.notify_later();  // this worker comes back, unless it finds something else
    } else {
      wakeups_.notify_in_time(w, w.turned_at);
    }
  }
  if (b == nullptr) {
    ending_.check();
  } else if (shape_.generator_thread != runs_on::workers) {
    offered_.put(*b);
    wakeups_.notify();
  } else {
    taken.work = b;
    taken.items = b->limit.load() - b->start.load();
  }
  return taken;
}

// Calls the generator up to a batch. Null if it gave nothing that thieves have left, or if that
// waits to be a longer span. REQUIRES: pull gate held.
batch* intake::pull_batch(worker& w) {
  if (credits_.is_closed()) return nullptr;
  const std::uint64_t room = credits_.room();
  if (ending_.is_stopping() || room == 0) {
    if (ending_.is_stopping()) credits_.close();
    return nullptr;
  }
  pull_end how = pull_end::ended;
  pull_target target;
  std::uint32_t before = 0;
  try {
    target = target_for(w, room);
    before = target.where->filled.load();
    {
      const owner_guard guard(w.lock);
      w.pulling.store(target.where,
                      std::memory_order_release);  // partner: is_there_work of stealing
    }
    w.clock_read_at = w.turned_at;
    w.read_clock_after(1);
    how = before > 0 && lingering_.has_waited() ? pull_end::more
                                                : hooks_.pull(w, *target.where, target.most);
  } catch (...) {
    ending_.fail(std::current_exception());
  }
  batch* const b = target.where != nullptr ? end_pull(w, *target.where, before, how) : nullptr;
  if (how == pull_end::ended) credits_.close();
  return b;
}

// Spans that wait for more items have room for as many as they may hold, not for a worker's share.
intake::pull_target intake::target_for(worker& w, std::uint64_t room) {
  if (!lingering_.is_used()) {
    const std::uint32_t most = batch_size(w, std::min(room, longest_wanted()));
    return {stock_.get(w, most), most};
  }
  const auto longest =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(traits_.largest_batch, credits_.limit()));
  batch* b = lingering_.resume();
  if (b == nullptr) b = stock_.get(w, longest);
  return {b, static_cast<std::uint32_t>(std::min<std::uint64_t>(longest, b->filled.load() + room))};
}

// `before`: slots that had been filled. Null: there is nothing to work on.
batch* intake::end_pull(worker& w, batch& b, std::uint32_t before, pull_end how) {
  if (lingering_.is_used()) {
    {
      const owner_guard guard(w.lock);
      w.pulling.store(nullptr, std::memory_order_release);  // partner: stealing::is_there_work
    }
    if (w.record != nullptr) w.record->pulled(b.filled.load() - before);
    return lingering_.end_turn(w, b, how);
  }
  {
    const owner_guard guard(w.lock);
    w.pulling.store(nullptr, std::memory_order_release);  // partner: stealing::is_there_work
    admission_.admit(b, b.start.load(), b.filled.load());
  }
  if (w.record != nullptr) w.record->pulled(b.filled.load() - b.start.load());
  if (b.start.load() < b.limit.load()) return &b;
  stock_.put(w, b);
  return nullptr;
}

// Readings of the clock double their distance up to `read_clock_every` items.
bool intake::pull_more(worker& w, std::uint32_t filled) {
  if (lingering_.is_used()) return pull_more_of_span(w, filled);
  if (ending_.is_stopping() || gate_.holds_back(w.number)) return false;
  // A blocked generator must not hold what it gave.
  if (wakeups_.is_anybody_free()) wakeups_.notify_in_time(w, w.turned_at);
  if (!w.is_clock_due()) return true;
  w.read_clock_after(std::min(filled, read_clock_every));
  return tick_clock::now() - w.clock_read_at < pull_limit;
}

// Called for each item: if the next call blocks, this one's wait must be under way. Others can take
// nothing before its end, so nobody is woken.
bool intake::pull_more_of_span(worker& w, std::uint32_t filled) {
  w.read_clock_after(1);
  if (!lingering_.came(*w.pulling.load(), filled)) return false;
  if (ending_.is_stopping() || gate_.holds_back(w.number)) return false;
  return tick_clock::now() - w.clock_read_at < pull_limit;
}

void intake::pull_until_closed(worker& w) {
  while (!credits_.is_closed()) {
    if (!ending_.is_stopping() && (credits_.room() == 0 || gate_.is_paused())) {
      wakeups_.generator_place().park();
      continue;
    }
    turn taken{.what = turn::outcome::taken, .began = w.turn_to(part::pulling)};
    pull_gate_.store(1);
    batch* const b = pull_batch(w);
    pull_gate_.store(0);
    const auto ended = w.turn_to(part::nothing);
    if (b == nullptr) continue;
    taken.items = b->limit.load() - b->start.load();
    adapt(w, taken, ended);
    offered_.put(*b);
    wakeups_.notify();
  }
  ending_.check();
}

// --- Split ranges ---

intake::turn intake::next_slice(worker& w) {
  turn taken{.what = turn::outcome::taken, .began = w.turn_to(part::pulling)};
  taken.work = claim_slice(w);
  if (taken.work == nullptr) {
    ending_.check();
    return {};
  }
  wakeups_.found_work(w);
  taken.items = taken.work->limit.load();
  if (w.record != nullptr) w.record->pulled(taken.items);
  // Its first item may block, and it may be its only one.
  if (wakeups_.is_anybody_free() && is_there_work(w.number)) {
    wakeups_.notify_in_time(w, w.turned_at);
  }
  // A straight slice is as long as its work: with many workers a claim waits for the others'.
  if (shape_.is_straight) taken.began = tick_clock::now();
  return taken;
}

// Claims the next elements by one compare and swap and copies them. Null if there are none.
batch* intake::claim_slice(worker& w) {
  if (ending_.is_stopping()) {
    credits_.close();
    return nullptr;
  }
  std::uint64_t longest = 0;
  try {
    longest = longest_wanted();
  } catch (...) {
    fail(std::current_exception());
    return nullptr;
  }
  claimed_range claimed;
  batch* b = nullptr;
  if (shape_.is_ordered || traits_.pulls_in_order) {
    const lock_guard guard(slice_lock_);  // the window's order is that of the claims
    claimed = claim_elements(w, longest);
    b = batch_for(w, claimed);
    if (b != nullptr && shape_.is_ordered) window_.append(*b);
    if (b != nullptr && traits_.pulls_in_order) copy_elements(*b, claimed);
  } else {
    claimed = claim_elements(w, longest);
    b = batch_for(w, claimed);
  }
  if (b != nullptr && !shape_.is_straight && !traits_.pulls_in_order) copy_elements(*b, claimed);
  return b;
}

claimed_range intake::claim_elements(const worker& w, std::uint64_t longest) noexcept {
  return credits_.claim(*traits_.size, std::uint64_t{2} * shape_.workers,
                        [&](std::uint64_t most) { return batch_size(w, std::min(most, longest)); });
}

batch* intake::batch_for(worker& w, const claimed_range& claimed) noexcept {
  if (claimed.count == 0) return nullptr;
  batch* const b = stock_.try_get(w, shape_.is_straight ? 1 : claimed.count);
  if (b == nullptr) {
    fail(std::make_exception_ptr(std::bad_alloc()));
    credits_.give_back_unmade(claimed.count);
    return nullptr;
  }
  b->limit.store(claimed.count, std::memory_order_relaxed);  // nobody else knows it yet
  b->first_index = claimed.position;
  b->is_straight = shape_.is_straight;
  return b;
}

// If a copy throws the batch is shorter than claimed, and the range has ended.
void intake::copy_elements(batch& b, const claimed_range& claimed) noexcept {
  try {
    hooks_.copy_slice(b, claimed.position, claimed.count);
  } catch (...) {
    fail(std::current_exception());
    const std::uint32_t made = b.filled.load();
    b.limit.store(made);
    credits_.give_back_unmade(claimed.count - made);
  }
}

void intake::fail(std::exception_ptr error) noexcept {
  ending_.fail(std::move(error));
  credits_.close();
}

// --- Sizing ---

bool intake::lengthen_queue() noexcept {
  if (gate_.is_paused() || !credits_.grow()) return false;
  wakeups_.wake_owner(shape_.generator_thread, wakeups_.generator_place());
  if (wakeups_.is_anybody_free()) wakeups_.notify_later();
  return true;
}

// The next batch should take `batch_time`; at most twice this one.
void intake::adapt(worker& w, const turn& was, tick_clock::time_point ended) noexcept {
  if (traits_.batches == batching::by_count) {
    w.target = traits_.largest_batch;
    return;
  }
  const std::chrono::nanoseconds spent = ended - was.began;
  const auto an_item = std::max<std::int64_t>(1, spent.count() / std::max(1U, was.items));
  const auto fitting =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, batch_time.count() / an_item));
  const std::uint64_t most = shape_.is_straight ? longest_slice : traits_.largest_batch;
  w.target = static_cast<std::uint32_t>(std::min({fitting, std::uint64_t{w.target} * 2, most}));
}

}  // namespace parwork::detail
