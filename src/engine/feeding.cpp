// Where a worker's items come from: the generator, a slice of a split range, what others offer, or
// what they have and have not started.
#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "engine/run.hpp"

namespace parwork::detail {

namespace {

// A batch should take this long to pull and to work through: long enough that its overhead (under a
// microsecond) is lost in it, short enough that nobody notices waiting for it. Source: the
// measurements of the design page.
constexpr std::chrono::nanoseconds batch_time = std::chrono::microseconds(30);
constexpr std::chrono::nanoseconds pull_limit = std::chrono::microseconds(25);
constexpr std::uint32_t look_every = 16;
// A straight batch has no slots to fill.
constexpr std::uint64_t longest_slice = std::uint64_t{1} << 16;

}  // namespace

// Items that may still be pulled. Only the holder of the pull gate uses it up, so what it saw stays
// there for it.
std::uint64_t run::room() const noexcept {
  if (straight_) return queue_;  // an item a worker, and no more workers than `queue`
  const std::uint64_t delivered = delivered_.load();
  const std::uint64_t in_flight = produced() - delivered;
  return in_flight >= queue_ ? 0 : queue_ - in_flight;
}

// Whether worker `number` could pull now, or, when the run is stopping, say that the generator has
// ended.
bool run::generator_waits_for(unsigned number) const noexcept {
  if (ended_.load()) return false;
  if (!traits_.is_split) {
    if (generator_on_ == runs_on::own_thread) return false;
    if (generator_on_ == runs_on::caller && number != 0) return false;
    if (pull_gate_.load() != 0) return false;
  }
  return stopping() || room() > 0;
}

// Whether the caller has a part of its own to attend to before its next item: results to collect,
// or other workers to keep in items. Room counts from a share of the queue on, so that it does not
// change between the two for every item.
bool run::has_duty(const worker& w) const noexcept {
  if (w.number != 0) return false;
  if (collector_on_ == runs_on::caller && is_collect_requested()) return true;
  return generator_on_ == runs_on::caller && !ended_.load() && workers_ > 1 &&
         room() >= std::max<std::uint64_t>(1, queue_ / 4);
}

// No more than what would leave the other workers their share of the queue.
std::uint32_t run::batch_size(const worker& w, std::uint64_t room) const noexcept {
  if (straight_) return static_cast<std::uint32_t>(std::min<std::uint64_t>(w.target, room));
  const std::uint64_t share = std::max<std::uint64_t>(1, queue_ / workers_);
  const bool spawns =
      (attention.load(std::memory_order_relaxed) & attention_spawns) != 0;  // a hint
  const std::uint64_t wanted = spawns ? 1 : w.target;
  return static_cast<std::uint32_t>(
      std::min({wanted, share, room, std::uint64_t{traits_.largest_batch}}));
}

// Takes items from the generator, if it is this worker's to call, and works on them or offers them.
bool run::feed(worker& w) {
  if (!generator_waits_for(w.number)) return false;
  if (traits_.is_split) return feed_slice(w);
  if (pull_gate_.exchange(1) != 0) return false;
  const auto began = w.turn_to(part::pulling);
  found_work(w);
  batch* const b = pull_batch(w);
  // What comes next may wake a thread, and is not the generator's time: another may be inside by
  // then.
  if ((attention.load() & attention_free) != 0) w.turn_to(part::nothing);
  publish(pull_gate_, 0, barrier_);
  if (generator_on_ == runs_on::workers && (attention.load() & attention_free) != 0 &&
      generator_waits_for(w.number)) {
    notify_in_time(w, w.turned);
  }
  if (b == nullptr) {
    check_finished();
    return true;
  }
  if (generator_on_ != runs_on::workers) {
    offer(*b);
    return true;
  }
  const std::uint32_t items = b->limit.load() - b->start.load();
  const auto ended = work_on(w, *b);
  adapt(w, items, ended - began);
  return true;
}

// Calls the generator up to a batch. Null where it gave nothing that thieves have left. REQUIRES:
// pull gate held.
batch* run::pull_batch(worker& w) {
  if (ended_.load()) return nullptr;
  const std::uint64_t left = room();
  if (stopping() || left == 0) {
    if (stopping()) generator_ended();
    return nullptr;
  }
  pull_end how = pull_end::ended;
  batch* b = nullptr;
  try {
    const std::uint32_t most = batch_size(w, left);
    b = acquire(w, most);
    {
      const owner_guard guard(w.lock);
      w.pulling.store(b, std::memory_order_release);  // partner: see_stealable
    }
    w.looked = w.turned;
    w.look_after(1);
    how = hooks_.pull(w, *b, most);
  } catch (...) {
    set_error(std::current_exception());
  }
  if (b == nullptr) {
    generator_ended();
    return nullptr;
  }
  end_pull(w, *b, how);
  if (b->start.load() < b->limit.load()) return b;
  recycle(w, *b);
  return nullptr;
}

void run::end_pull(worker& w, batch& b, pull_end how) {
  {
    const owner_guard guard(w.lock);
    w.pulling.store(nullptr, std::memory_order_release);  // partner: see_stealable
    admit(b, b.start.load(), b.filled.load());
  }
  if (w.record != nullptr) w.record->pulled(b.filled.load() - b.start.load());
  if (how == pull_end::ended) generator_ended();
}

// Closing the counter first: a slice that is being claimed meanwhile is counted, or not claimed.
void run::generator_ended() noexcept {
  if (traits_.is_split) produced_.fetch_or(no_more_claims);
  ended_.store(true);
}

// Counts items [from, upto) of a batch as produced, gives them their indices and their place in the
// order. Everything pulled is admitted before the pull gate is released, so order and indices are
// the generator's. REQUIRES: the lock of the worker that holds the gate: nobody else counts
// meanwhile.
void run::admit(batch& b, std::uint32_t from, std::uint32_t upto) noexcept {
  // Relaxed: nobody else can reach the batch yet, and handing it on orders these.
  b.start.store(from, std::memory_order_relaxed);
  b.limit.store(upto, std::memory_order_relaxed);
  b.finished.store(from, std::memory_order_relaxed);
  b.delivered.store(from, std::memory_order_relaxed);
  b.claimed.store(from, std::memory_order_relaxed);
  if (from == upto) return;
  const std::uint64_t count = upto - from;
  const std::uint64_t before = produced_.load();
  produced_.store(before + count, std::memory_order_release);  // partner: check_finished, room
  const bool own_counter = traits_.size || !traits_.may_spawn;
  const std::uint64_t index = own_counter ? before : indices_.fetch_add(count);
  b.first_index = index - from;
  note_peak(before + count - delivered_.load());
  if (ordered_) window_.append(b);
}

void run::note_peak(std::uint64_t in_flight) noexcept {
  std::uint64_t peak = peak_.load(std::memory_order_relaxed);  // a statistic, read after the run
  while (in_flight > peak &&
         !peak_.compare_exchange_weak(peak, in_flight, std::memory_order_relaxed)) {
  }
}

// Between two items that are being pulled. The looks at the clock double their distance up to
// `look_every` items.
bool run::pull_more(worker& w, std::uint32_t filled) {
  if (stopping()) return false;
  // A blocked generator must not hold what it gave.
  if ((attention.load() & attention_free) != 0) notify_in_time(w, w.turned);
  if (!w.is_time_to_look()) return true;
  w.look_after(std::min(filled, look_every));
  return tick_clock::now() - w.looked < pull_limit;
}

// The course of a generator's own thread.
void run::generator_main() {
  const working_for scope(pool_);
  worker& w = enter(workers_);
  while (!ended_.load()) {
    if (!stopping() && room() == 0) {
      generator_parker_.park();
      continue;
    }
    const auto began = w.turn_to(part::pulling);
    pull_gate_.store(1);
    batch* const b = pull_batch(w);
    pull_gate_.store(0);
    const auto ended = w.turn_to(part::nothing);
    if (b == nullptr) continue;
    adapt(w, b->limit.load() - b->start.load(), ended - began);
    offer(*b);
  }
  check_finished();
}

// --- Split ranges ---

bool run::feed_slice(worker& w) {
  const auto began = w.turn_to(part::pulling);
  batch* const b = claim_slice(w);
  if (b == nullptr) {
    check_finished();
    return false;
  }
  found_work(w);
  const std::uint32_t items = b->limit.load();
  if (w.record != nullptr) w.record->pulled(items);
  // A straight slice is as long as its work: with many workers a claim waits for the others'.
  const auto from = straight_ ? tick_clock::now() : began;
  const auto ended = work_on(w, *b);
  adapt(w, items, ended - from);
  check_finished();  // a slice none of whose elements could be copied delivers nothing
  return true;
}

// Claims the next elements by one compare and swap and copies them. Null where there are none.
batch* run::claim_slice(worker& w) {
  if (stopping()) {
    generator_ended();
    return nullptr;
  }
  slice claimed;
  batch* b = nullptr;
  if (ordered_) {
    const lock_guard guard(slice_lock_);  // the window's order is that of the claims
    claimed = claim_elements(w);
    b = batch_for(w, claimed);
    if (b != nullptr) window_.append(*b);
  } else {
    claimed = claim_elements(w);
    b = batch_for(w, claimed);
  }
  if (b != nullptr && !straight_) copy_elements(*b, claimed);
  return b;
}

// Towards the end slices get smaller, so that all workers end together.
run::slice run::claim_elements(const worker& w) {
  const std::uint64_t size = *traits_.size;
  std::uint64_t position = produced_.load();
  std::uint32_t count = 0;
  do {
    if ((position & no_more_claims) != 0) return {};
    if (position == size) generator_ended();
    const std::uint64_t delivered = straight_ ? position : delivered_.load();
    const std::uint64_t in_flight = position > delivered ? position - delivered : 0;
    if (position == size || in_flight >= queue_) return {};
    const std::uint64_t share = (size - position) / (std::uint64_t{2} * workers_) + 1;
    const std::uint64_t allowed = straight_ ? share : std::min(share, queue_ - in_flight);
    count = batch_size(w, std::min(allowed, size - position));
  } while (!produced_.compare_exchange_weak(position, position + count));
  if (position + count == size) generator_ended();
  if (straight_) return {position, count};
  const std::uint64_t delivered = delivered_.load();  // others may have gone on meanwhile
  note_peak(position + count - std::min(position + count, delivered));
  return {position, count};
}

batch* run::batch_for(worker& w, const slice& claimed) noexcept {
  if (claimed.count == 0) return nullptr;
  batch* const b = try_acquire(w, straight_ ? 1 : claimed.count);
  if (b == nullptr) {
    set_error(std::make_exception_ptr(std::bad_alloc()));
    generator_ended();
    delivered_.fetch_add(claimed.count);  // claimed and never made
    return nullptr;
  }
  b->limit.store(claimed.count, std::memory_order_relaxed);  // nobody else knows it yet
  b->first_index = claimed.position;
  b->is_straight = straight_;
  return b;
}

// Where a copy throws the batch is shorter than claimed, and the generator has ended.
void run::copy_elements(batch& b, const slice& claimed) noexcept {
  try {
    hooks_.copy_slice(b, claimed.position, claimed.count);
  } catch (...) {
    set_error(std::current_exception());
    generator_ended();
    const std::uint32_t made = b.filled.load();
    b.limit.store(made);
    delivered_.fetch_add(claimed.count - made);  // claimed and never made
  }
}

// --- Offered batches ---

void run::offer(batch& b) noexcept {
  {
    const lock_guard guard(offered_lock_);
    b.next = nullptr;
    (last_offered_ == nullptr ? first_offered_ : last_offered_->next) = &b;
    last_offered_ = &b;
    offered_.fetch_add(1);
  }
  notify();
}

bool run::take_offered(worker& w) {
  if (offered_.load() == 0) return false;
  batch* b = nullptr;
  {
    const lock_guard guard(offered_lock_);
    b = first_offered_;
    if (b == nullptr) return false;
    first_offered_ = b->next;
    if (first_offered_ == nullptr) last_offered_ = nullptr;
    offered_.fetch_sub(1);
  }
  found_work(w);
  work_on(w, *b);
  return true;
}

// --- Stealing ---

// Takes what another worker has pulled or begun and not started. From those that are dear to rob
// only where nothing else is left to do.
bool run::steal(worker& w, victims whom) {
  if (!see_stealable(whom)) return false;
  batch* taken = nullptr;
  const auto rob = [&](worker& victim) {
    if (whom == victims::cheap && !victim.is_cheap_to_rob()) return false;
    taken = take_front(w, victim);
    if (taken == nullptr) taken = take_back(w, victim);
    return taken != nullptr;
  };
  if (!any_other(w.number, rob)) return false;
  found_work(w);
  work_on(w, *taken);
  return true;
}

// The older half of what the victim has pulled, while it is inside the generator.
batch* run::take_front(worker& w, worker& victim) {
  if (victim.pulling.load() == nullptr) return nullptr;
  const visitor_guard guard(victim.lock);
  batch* const b = victim.pulling.load();
  if (b == nullptr) return nullptr;
  const std::uint32_t start = b->start.load();
  const std::uint32_t there = b->filled.load() - start;
  if (there == 0) return nullptr;
  const std::uint32_t count = there - there / 2;
  batch* const mine = try_acquire(w, count);
  if (mine == nullptr) return nullptr;
  hooks_.move_items(*b, start, start + count, *mine);
  b->start.store(start + count);
  admit(*mine, 0, count);
  if (w.record != nullptr) w.record->pulled(count);
  return mine;
}

// The later half of what the victim has not started; all of it where that is one item. See
// barrier.hpp for the protocol and worker_base::next for the victim's side.
batch* run::take_back(worker& w, worker& victim) {
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
    recycle(w, *mine);
    return nullptr;
  }
  move_part(*b, from, limit, *mine);
  return mine;
}

// A batch that items [from, upto) of another fit in; null where there is no memory for it.
batch* run::part_of(worker& w, batch& b, std::uint32_t from, std::uint32_t upto) noexcept {
  return try_acquire(w, b.is_straight ? 1 : upto - from);
}

void run::move_part(batch& b, std::uint32_t from, std::uint32_t upto, batch& rest) noexcept {
  if (!b.is_straight) hooks_.move_items(b, from, upto, rest);
  rest.is_straight = b.is_straight;
  rest.first_index = b.first_index + from;
  rest.from = b.from;
  rest.limit.store(upto - from, std::memory_order_relaxed);  // nobody else knows it yet
  if (ordered_) window_.insert_behind(b, rest);
}

// Items [from, upto), which nobody has claimed, in a batch of their own; null where there is no
// memory for it. REQUIRES: nobody else can reach `b`.
batch* run::split_off(worker& w, batch& b, std::uint32_t from, std::uint32_t upto) noexcept {
  batch* const rest = part_of(w, b, from, upto);
  if (rest == nullptr) return nullptr;
  b.limit.store(from);
  move_part(b, from, upto, *rest);
  return rest;
}

// --- Batches ---

batch* run::acquire(worker& w, std::uint32_t slots) {
  const auto size = static_cast<unsigned>(std::bit_width(slots - 1));
  if (size < worker::sizes && w.spare[size] != nullptr) {
    batch* const b = std::exchange(w.spare[size], w.spare[size]->next);
    --w.spares[size];
    b->next = nullptr;
    return b;
  }
  return hooks_.make_batch(std::uint32_t{1} << size);
}

batch* run::try_acquire(worker& w, std::uint32_t slots) noexcept {
  try {
    return acquire(w, slots);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

// REQUIRES: every slot is empty.
void run::recycle(worker& w, batch& b) noexcept {
  const auto size = static_cast<unsigned>(std::bit_width(b.capacity - 1));
  if (size >= worker::sizes || w.spares[size] >= worker::kept) {
    const lock_guard guard(hint_lock_);
    return hooks_.free_batch(&b);
  }
  b.reset();
  b.next = std::exchange(w.spare[size], &b);
  ++w.spares[size];
}

// --- Sizing ---

// The next batch should take `batch_time`; at most twice this one. Work in spans gains from many
// items, so there only what is in the way of taking them counts.
void run::adapt(worker& w, std::uint32_t items, std::chrono::nanoseconds taken) noexcept {
  if (traits_.batches == batching::by_count) {
    w.target = traits_.largest_batch;
    return;
  }
  const auto an_item = std::max<std::int64_t>(1, taken.count() / std::max(1U, items));
  const auto fitting =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, batch_time.count() / an_item));
  const std::uint64_t most = straight_ ? longest_slice : traits_.largest_batch;
  w.target = static_cast<std::uint32_t>(std::min({fitting, std::uint64_t{w.target} * 2, most}));
}

}  // namespace parwork::detail
