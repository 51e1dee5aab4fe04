#include "engine/course.hpp"

#include <algorithm>
#include <new>
#include <utility>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace parwork::detail {

namespace {

// Between items a worker reads the clock this often, but after this many items at the latest.
constexpr std::chrono::nanoseconds time_between_readings = std::chrono::microseconds(3);
constexpr std::int64_t read_clock_at_least_every = 32;
// Finished items of a batch that takes longer than expected are delivered this often.
constexpr std::chrono::nanoseconds flush_after = std::chrono::microseconds(50);
// A worker that found nothing searches for so long before it goes to sleep; once the generator has
// ended a little longer, for the end of the run.
constexpr std::chrono::nanoseconds search_time = std::chrono::microseconds(3);
constexpr std::chrono::nanoseconds end_time = std::chrono::microseconds(30);
constexpr int pauses_between_searches = 8;

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// In items.
std::uint32_t clock_distance(std::chrono::nanoseconds item_time) noexcept {
  const auto fitting = time_between_readings.count() / std::max<std::int64_t>(1, item_time.count());
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(fitting, 1, read_clock_at_least_every));
}

}  // namespace

// --- The worker's way back into the engine ---

claim worker_base::next_slow(batch& b, std::uint32_t i) {
  auto& self = static_cast<worker&>(*this);
  const claim claimed = self.owner.next_item(self, b, i);
  if (record != nullptr) self.owner.begin_recorded_attempt(self);
  return claimed;
}

std::uint32_t worker_base::next_span(batch& b, std::uint32_t i, std::uint32_t most) {
  auto& self = static_cast<worker&>(*this);
  const std::uint32_t items = self.owner.next_span(self, b, i, most);
  if (record != nullptr) self.owner.begin_recorded_attempt(self);
  return items;
}

void worker_base::part_behind(batch& b, std::uint32_t from) {
  auto& self = static_cast<worker&>(*this);
  self.owner.part_behind(self, b, from);
}

bool worker_base::pull_more_slow(batch&, std::uint32_t filled) {
  auto& self = static_cast<worker&>(*this);
  return self.owner.pull_more(self, filled);
}

// --- The loop ---

void course::serve(worker& w) {
  gate_.came(w.number);
  while (!wakeups_.is_over() && !is_awaited(w) &&
         (step(w) || (!gate_.is_surplus(w.number) && search_again(w)))) {
  }
  w.turn_to(part::nothing);
  gate_.went(w.number);
  if (gate_.is_surplus(w.number)) wakeups_.leave_to_others(w);
}

// Does one thing, if there is one. What could hold others up goes first, new items go last.
bool course::step(worker& w) {
  const bool is_held_back = must_leave(w);
  if (is_held_back && gate_.is_surplus(w.number)) return false;
  if (delivery_.may_collect(w.number) && delivery_.collect_if_requested(w)) return true;
  if (is_held_back) return work_on_returned(w);
  if ((has_duty(w) || has_to_fill(w)) && work_on_new(w)) return true;
  return work_on_spawned(w, spawning_.next_own(w)) || work_on_returned(w) ||
         work_on_spawned(w, spawning_.next_of_others(w)) || work_on_offered(w) || work_on_new(w) ||
         work_on_stolen(w, stealing::victims::cheap);
}

// Whether the caller has something to do that no other thread may: it goes before items.
bool course::has_duty(const worker& w) const noexcept {
  if (w.number != 0 || is_awaited(w)) return false;
  if (shape_.collector_thread == runs_on::caller && delivery_.is_requested()) return true;
  return generates(w) && credits_.room() >= std::max<std::uint64_t>(1, credits_.bound() / 4);
}

// Before it takes an item, which may block until others have worked on all that the queue has room
// for, the caller fills the queue. What gets room meanwhile has to wait.
bool course::has_to_fill(const worker& w) noexcept {
  if (!generates(w)) return false;
  if (fill_upto_ == 0) fill_upto_ = credits_.produced() + credits_.room();
  if (credits_.produced() < fill_upto_) return true;
  fill_upto_ = 0;
  return false;
}

bool course::is_there_work(unsigned number) noexcept {
  if (gate_.is_paused()) return returning_.has_finished() || delivery_.is_there_work(number);
  return intake_.is_there_work(number) || offered_.has_any() || returning_.has_finished() ||
         spawning_.is_there_work(number) || stealing_.is_there_work(stealing::victims::all) ||
         delivery_.is_there_work(number);
}

bool course::search_again(worker& w) {
  const auto began = w.turn_to(part::nothing);
  if (search_until(w, began + search_time) || work_on_stolen(w, stealing::victims::all)) {
    return true;
  }
  if (intake_.lengthen_queue()) return true;
  // The last items are being worked on: waking up for the end costs more than waiting for it.
  return credits_.is_closed() && item_ns_.load(std::memory_order_relaxed) < long_item.count() &&
         search_until(w, began + end_time);
}

// Between full searches only at what changes most often, and is not written for every item.
bool course::search_until(worker& w, tick_clock::time_point end) {
  do {
    for (int i = 0; i < pauses_between_searches && !intake_.is_there_work(w.number); ++i) pause();
    if (wakeups_.is_over() || step(w)) return true;
  } while (tick_clock::now() < end);
  return false;
}

bool course::work_on_new(worker& w) {
  const intake::turn got = intake_.next(w);
  if (got.what == intake::turn::outcome::none) return false;
  if (got.work == nullptr) return true;
  const auto ended = work_on(w, *got.work);
  intake_.adapt(w, got, ended);
  // A slice none of whose elements could be copied delivers nothing.
  if (shape_.is_split) ending_.check();
  return true;
}

bool course::work_on_offered(worker& w) {
  batch* const b = offered_.take();
  if (b == nullptr) return false;
  wakeups_.found_work(w);
  work_on(w, *b);
  return true;
}

bool course::work_on_stolen(worker& w, stealing::victims whom) {
  batch* const b = stealing_.next(w, whom);
  if (b == nullptr) return false;
  wakeups_.found_work(w);
  work_on(w, *b);
  return true;
}

bool course::work_on_spawned(worker& w, const spawning::found& got) {
  if (got.on_stack) return work_off_stack(w);
  if (got.lone == nullptr) return false;
  wakeups_.found_work(w);
  work_on(w, *got.lone);
  return true;
}

bool course::work_on_returned(worker& w) {
  batch* lone = returning_.take_finished();
  if (lone == nullptr) return false;
  wakeups_.found_work(w);
  while (lone != nullptr) {
    batch* const next = std::exchange(lone->next, nullptr);
    settle(w, *lone);
    lone = next;
  }
  return true;
}

// An asynchronous item or span is finished.
void course::settle(worker& w, batch& b) {
  if (hooks_.settle(w, b) == work_end::waiting) {
    returning_.put_to_wait(b);
  } else {
    b.finished.store(b.limit.load());
    delivery_.take(w, b);
  }
}

// Returns when the work was done.
tick_clock::time_point course::work_on(worker& w, batch& b) {
  if (!shape_.keeps_batches) return work_on_whole(w, b);
  batch* const fitting = moved_if_too_large(w, b);
  if (fitting == nullptr) return work_on_whole(w, b);
  const auto ended = work_on_whole(w, *fitting);
  delivery_.take(w, b);  // nothing is left in it, but it has its place in the order
  return ended;
}

// Of a batch that will be kept until its span is finished: if most of its slots are empty, its
// items go to a smaller one. Null: it stays as it is.
batch* course::moved_if_too_large(worker& w, batch& b) noexcept {
  const std::uint32_t start = b.start.load();
  const std::uint32_t limit = b.limit.load();
  const bool is_untouched = b.finished.load() <= start;
  if (!is_untouched || limit <= start || (limit - start) * 2 > b.capacity) return nullptr;
  return stealing_.split_off(w, b, start, limit);
}

tick_clock::time_point course::work_on_whole(worker& w, batch& b) {
  b.next = nullptr;
  w.choose_barrier();
  w.clock_read_at = w.flushed_at = w.turn_to(part::working);
  w.clock_item = b.start.load();
  w.read_clock_after(1 + clock_distance(w.item_time));
  const auto began = w.turned_at;
  const std::uint32_t start = b.start.load();
  const bool is_straight = b.is_straight;
  if (is_straight) credits_.begin_straight();
  const work_end how = work_through(w, b);
  if (is_straight) credits_.end_straight();
  const auto ended = w.turn_to(part::collecting);
  // What the call that started a span took is all that the worker has to do with its items.
  const bool has_started_all = how == work_end::outstanding && shape_.keeps_batches;
  note_item_time(w, ended - began, (has_started_all ? b.limit : b.finished).load() - start);
  if (how == work_end::finished && b.finished.load() < b.limit.load()) {
    offered_.put(b);  // held back before its next item
    wakeups_.notify();
    return ended;
  }
  switch (how) {
    case work_end::finished:
      delivery_.take(w, b);
      break;
    case work_end::waiting:
      returning_.put_to_wait(b);
      break;
    case work_end::outstanding:
      if (hooks_.let_go(b)) settle(w, b);
      break;
  }
  return ended;
}

void course::note_item_time(worker& w, std::chrono::nanoseconds taken,
                            std::uint32_t items) noexcept {
  if (items == 0) return;
  w.item_time = taken / items;
  item_ns_.store(w.item_time.count(), std::memory_order_relaxed);  // a guess for others
}

// Works until the batch is done or something else must come first; then what has not started goes
// back. A batch of which nothing has been started is left as it is: a retry knows its attempts.
work_end course::work_through(worker& w, batch& b) {
  for (;;) {
    {
      const owner_guard guard(w.lock);
      w.current.store(&b, std::memory_order_release);  // partner: stealing::is_there_work
    }
    if (wakeups_.is_anybody_free() && b.limit.load() - b.start.load() > 1) {
      wakeups_.notify_in_time(w, w.turned_at);
    }
    const work_end how = hooks_.work(w, b);
    {
      const owner_guard guard(w.lock);
      w.current.store(nullptr, std::memory_order_release);  // partner: stealing::is_there_work
    }
    const std::uint32_t finished = b.finished.load();
    const std::uint32_t limit = b.limit.load();
    if (how != work_end::finished || finished >= limit || finished == b.start.load()) return how;
    if (batch* const rest = stealing_.split_off(w, b, finished, limit)) {
      offered_.put(*rest);
      wakeups_.notify();
      return how;
    }
    b.start.store(finished);  // no memory to put them in: they are worked on here
    if (must_leave(w)) return how;
  }
}

bool course::work_off_stack(worker& w) {
  wakeups_.found_work(w);
  w.choose_barrier();
  w.clock_read_at = w.turn_to(part::working);
  const auto began = w.clock_read_at;
  w.read_clock_after(1);
  const std::uint32_t items = hooks_.work_off_stack(w);
  note_item_time(w, w.turn_to(part::collecting) - began, items);
  delivery_.account(w, origin::spawned, items);
  if (items == 0 && w.spawned.load() == 0) ending_.check();
  return items > 0;
}

// Now and then back to the loop that searches everything else. Readings of the clock double their
// distance.
bool course::go_on_with_stack(worker& w) noexcept {
  constexpr std::chrono::nanoseconds long_enough = std::chrono::microseconds(30);
  const auto now = tick_clock::now();
  if (now - w.turned_at > long_enough) return false;
  if (wakeups_.is_anybody_free() && w.spawned.load() > 0) wakeups_.notify_in_time(w, now);
  const auto taken = std::max<std::int64_t>(1, (now - w.clock_read_at).count());
  w.clock_read_at = now;
  w.read_clock_after(clock_distance(std::chrono::nanoseconds(taken)));
  return true;
}

// --- Between two items ---

// When something asks for attention: a thief, the clock, a stop, a sleeper, spawned items, a duty.
claim course::next_item(worker& w, batch& b, std::uint32_t i) {
  if (has_only_read_clock(w, b, i)) return claim::run;
  if (must_leave(w)) return claim::done;
  if (i > b.start.load()) {
    // What is done first may block: until it is begun, others may take the item.
    b.claimed.store(i);
    pause_between(w, b, i);
    if (is_awaited(w)) return claim::done;  // it has collected
    b.claimed.store(i + 1);
  } else if (w.is_clock_due()) {
    read_clock(w, b, i);
  }
  {
    const owner_guard guard(w.lock);  // a thief that is at it decides first
    if (i >= b.limit.load()) return claim::done;
  }
  const std::uint32_t bits = attention_.load();
  if ((bits & attention_stop) != 0) return claim::cancel;
  const bool others_first = (bits & attention_spawns) != 0 && w.spawned.load() > 0;
  return others_first && i > b.start.load() ? claim::done : claim::run;
}

// Most often it is the clock alone. Nothing that may block is due then, and the item stays claimed:
// its claim came before the look at the limit. False: nothing has been done.
bool course::has_only_read_clock(worker& w, const batch& b, std::uint32_t i) noexcept {
  if (attention_.load() != 0 || i >= b.limit.load() || has_duty(w) || is_awaited(w)) return false;
  const auto now = tick_clock::now();
  if (now - w.flushed_at > flush_after) return false;
  note_clock(w, now, i);
  return true;
}

std::uint32_t course::next_span(worker& w, batch& b, std::uint32_t i, std::uint32_t most) {
  b.finished.store(i);
  if (must_leave(w)) return 0;
  if (i > b.start.load()) {
    pause_between(w, b, i);
    if (!shape_.folds && i < b.limit.load()) delivery_.flush(w, b);  // at its end it is completed
    if (w.spawned.load() > 0 || is_awaited(w)) return 0;
  }
  const owner_guard guard(w.lock);
  const std::uint32_t limit = b.limit.load();
  const std::uint32_t count = i >= limit ? 0 : std::min(most, limit - i);
  b.claimed.store(i + count);
  return count;
}

// REQUIRES: all from `from` on has been claimed, so thieves leave it alone.
void course::part_behind(worker& w, batch& b, std::uint32_t from) {
  const std::uint32_t limit = b.limit.load();
  if (from >= limit) return;
  batch* const rest = stealing_.split_off(w, b, from, limit);
  if (rest == nullptr) throw std::bad_alloc();
  offered_.put(*rest);
  wakeups_.notify();
}

// What goes before item i of a batch, which nobody has claimed. All of it may block, so others are
// woken for the item first, and nobody's result waits while a thread that could deliver it is
// asleep.
void course::pause_between(worker& w, batch& b, std::uint32_t i) {
  if (wakeups_.is_anybody_free() && w.item_time >= long_item) {
    if (i < b.limit.load()) wakeups_.notify();
    if (!shape_.folds && b.delivered.load() < i) delivery_.flush(w, b);
  }
  if (has_duty(w)) do_duty(w, b, i);
  if (w.is_clock_due()) read_clock(w, b, i);
}

// However short its items are: a generator or a collector may block until it gets more of them.
void course::do_duty(worker& w, batch& b, std::uint32_t i) {
  if (i < b.limit.load() && wakeups_.is_anybody_free()) {
    wakeups_.notify_in_time(w, tick_clock::now());
  }
  if (!shape_.folds && b.delivered.load() < i) delivery_.flush(w, b);
  if (delivery_.may_collect(w.number) && delivery_.collect_if_requested(w)) {
    w.flushed_at = w.turned_at;
  }
  if (has_duty(w)) work_on_new(w);
  w.clock_read_at = w.turn_to(part::working);
  w.clock_item = i;
  w.read_clock_after(clock_distance(w.item_time));
}

// It is `now` before item i.
void course::note_clock(worker& w, tick_clock::time_point now, std::uint32_t i) noexcept {
  if (i > w.clock_item) w.item_time = (now - w.clock_read_at) / (i - w.clock_item);
  w.clock_read_at = now;
  w.clock_item = i;
  w.read_clock_after(clock_distance(w.item_time));
}

void course::read_clock(worker& w, batch& b, std::uint32_t i) noexcept {
  const auto now = tick_clock::now();
  note_clock(w, now, i);
  if (i < b.limit.load() && wakeups_.is_anybody_free()) wakeups_.notify_in_time(w, now);
  if (b.delivered.load() < i && now - w.flushed_at > flush_after) delivery_.flush(w, b);
}

// What came between two items is no item's time. A reading of the clock tells when it was over, but
// for waking others, which takes microseconds.
void course::begin_recorded_attempt(worker& w) noexcept {
  if (wakeups_.is_anybody_free()) {
    w.record->begin_attempt_now();
  } else {
    w.record->begin_attempt(w.clock_read_at.time_since_epoch().count());
  }
}

}  // namespace parwork::detail
