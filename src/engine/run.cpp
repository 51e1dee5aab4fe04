#include "engine/run.hpp"

#include <algorithm>
#include <utility>

#include "parwork/pool.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace parwork::detail {

namespace {

// Between items a worker looks at the clock this often, but after this many items at the latest.
constexpr std::chrono::nanoseconds look_every = std::chrono::microseconds(3);
constexpr std::int64_t look_at_least_every = 32;
constexpr std::chrono::nanoseconds unknown_item = std::chrono::seconds(1);
// Finished items of a batch that takes longer than expected are delivered this often.
constexpr std::chrono::nanoseconds flush_after = std::chrono::microseconds(50);
// A worker that found nothing looks again for so long before it goes to sleep; once the generator
// has ended a little longer, for the end of the run.
constexpr std::chrono::nanoseconds look_time = std::chrono::microseconds(3);
constexpr std::chrono::nanoseconds end_time = std::chrono::microseconds(30);
constexpr int pauses_between_looks = 8;

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// In items.
std::uint32_t look_distance(std::chrono::nanoseconds item_time) noexcept {
  const auto fitting = look_every.count() / std::max<std::int64_t>(1, item_time.count());
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(fitting, 1, look_at_least_every));
}

pool_state& pool_for(const options& given) {
  if (given.run_on != nullptr) return given.run_on->state();
  if (pool_state* const current = pool_state::current()) return *current;
  return default_pool().state();
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

bool worker_base::pull_more_slow(batch&, std::uint32_t filled) {
  auto& self = static_cast<worker&>(*this);
  return self.owner.pull_more(self, filled);
}

run_handle::run_handle(run_hooks& hooks, const run_traits& traits, options&& given) {
  validate(given);
  run_ = std::make_unique<run>(hooks, traits, std::move(given));
}
run_handle::~run_handle() = default;
run_services& run_handle::services() noexcept { return *run_; }
unsigned run_handle::workers() const noexcept { return run_->workers(); }
summary run_handle::execute() { return run_->execute(); }

// --- Start ---

run::run(run_hooks& hooks, const run_traits& its_traits, options&& given)
    : hooks_(hooks), traits_(its_traits), options_(std::move(given)), pool_(pool_for(options_)) {
  const bool is_nested = pool_state::current() == &pool_;
  const unsigned threads = pool_.size() - (pool_.owns_this_thread() ? 1 : 0);
  const unsigned wanted = (options_.workers == 0 ? pool_.size() : options_.workers) - 1;
  lending_.most = std::min(wanted, threads);
  lending_.kind = traits_.worker_slots;
  extra_left_.store(is_nested ? 0 : wanted - lending_.most);
  next_extra_ = 1 + lending_.most;
  workers_ = 1 + lending_.most + extra_left_.load();
  queue_ = options_.queue == 0 ? std::uint64_t{100} * workers_ : options_.queue;
  folds_ = traits_.collects == collecting::folds;
  straight_ = traits_.goes_straight && queue_ >= workers_;
  ordered_ = options_.order == ordering::input && !folds_;
  if (!folds_) collector_on_ = options_.collector_runs_on;
  if (!traits_.is_split) generator_on_ = options_.generator_runs_on;
  // A caller that is to collect cannot be held up in a generator that blocks.
  if (!traits_.is_split && generator_on_ == runs_on::workers && collector_on_ == runs_on::caller) {
    generator_on_ = runs_on::own_thread;
  }
  slots_ = std::vector<std::atomic<worker*>>(workers_ + 2);
  token = stop_source_.get_token();
  if (!options_.total) options_.total = traits_.size;
  // Relaxed: a guess.
  const std::int64_t usual = traits_.usual_item_ns->load(std::memory_order_relaxed);
  item_ns_.store(usual >= 0 ? usual : unknown_item.count(), std::memory_order_relaxed);
  if (options_.record != nullptr) begin_recording();
}

run::~run() {
  if (recording_ != nullptr) recording_->abandon();  // it was never executed
  const auto free_list = [this](batch* b, batch* batch::* link) {
    while (b != nullptr) hooks_.free_batch(std::exchange(b, b->*link));
  };
  // Batches that were empty when the last item was delivered.
  free_list(batches_in(collect_word_.load()), &batch::next);
  free_list(window_.head(), &batch::window_next);
  for (auto& slot : slots_) {
    worker* const w = slot.load();
    if (w == nullptr) continue;
    for (batch* const spare : w->spare) free_list(spare, &batch::next);
    delete w;
  }
}

// The worker's own record, made when its thread comes for the first time.
worker& run::enter(unsigned number) {
  worker* w = slots_[number].load(
      std::memory_order_relaxed);  // written by an earlier visit; the pool's lock orders
  if (w == nullptr) {
    w = new worker(*this, attention, number);
    if (traits_.batches == batching::by_count) w->target = traits_.largest_batch;
    w->item_time = std::chrono::nanoseconds(item_ns_.load(std::memory_order_relaxed));  // a guess
    if (recording_ != nullptr) {
      w->record = &recording_->worker_lane(number, w->turned.time_since_epoch().count());
    }
    slots_[number].store(w, std::memory_order_release);  // partner: whoever looks for victims
  }
  return *w;
}

summary run::execute() {
  worker& caller = enter(0);
  {
    // Before any other thread can come: a run that is stopped from the start calls nothing.
    const std::stop_callback on_stop(options_.stop, [this] { request_stop(); });
    pool_.attach(*this);
    start_threads();
    const working_for scope(pool_);
    while (!finished_.load()) {
      serve(caller);
      if (!finished_.load()) sleep_here(caller);
    }
    pool_.detach(*this);
  }
  std::vector<std::thread> extra;
  {
    const lock_guard guard(extra_lock_);
    extra.swap(extra_);
  }
  for (auto& each : extra) each.join();
  for (auto* each : {&generator_thread_, &collector_thread_, &progress_thread_}) {
    progress_parker_.unpark();
    if (each->joinable()) each->join();
  }
  {
    const lock_guard guard(outside_lock_);  // whoever handed in the last item has left
  }
  hooks_.destroy_states();
  return summarise();
}

// A part whose thread cannot be started ends the run before it begins.
void run::start_threads() {
  try {
    if (collector_on_ == runs_on::own_thread) {
      collector_thread_ = std::thread([this] { collector_main(); });
    }
    if (options_.on_progress) progress_thread_ = std::thread([this] { progress_main(); });
    if (generator_on_ == runs_on::own_thread) {
      generator_thread_ = std::thread([this] { generator_main(); });
    }
  } catch (...) {
    set_error(std::current_exception());
    ended_.store(true);
    check_finished();
  }
}

// --- The course of a worker ---

// A thread of the pool takes part for as long as it finds something to do.
void run::help(unsigned number, searching search) {
  worker& w = enter(number);
  w.search = search;
  w.came = w.turn_to(part::nothing);
  serve(w);
  give_up(w);
  note_stay(w);
}

void run::serve(worker& w) {
  while (!finished_.load()) {
    if (!step(w) && !look_again(w)) return;
  }
  w.turn_to(part::nothing);
}

// Does one thing, if there is one. What could hold others up goes first, new items go last.
bool run::step(worker& w) {
  if (may_collect(w.number) && collect_if_requested(w)) return true;
  if (has_duty(w) && feed(w)) return true;
  return take_spawned(w) || settle_some(w) || steal_spawned(w) || take_offered(w) || feed(w) ||
         steal(w, victims::cheap);
}

bool run::look_again(worker& w) {
  const auto began = w.turn_to(part::nothing);
  if (look_until(w, began + look_time) || steal(w, victims::all)) return true;
  // The last items are being worked on: waking up for the end costs more than waiting for it.
  return ended_.load() && item_ns_.load(std::memory_order_relaxed) < long_item.count() &&
         look_until(w, began + end_time);
}

// Between full looks only at what changes most often, and is not written for every item.
bool run::look_until(worker& w, tick_clock::time_point end) {
  do {
    for (int i = 0; i < pauses_between_looks && !generator_waits_for(w.number); ++i) pause();
    if (finished_.load() || step(w)) return true;
  } while (tick_clock::now() < end);
  return false;
}

// Returns when the work was done.
tick_clock::time_point run::work_on(worker& w, batch& b) {
  b.next = nullptr;
  w.choose_barrier();
  w.looked = w.flushed = w.turn_to(part::working);
  w.looked_at = b.start.load();
  w.look_after(1 + look_distance(w.item_time));
  const auto began = w.turned;
  const std::uint32_t start = b.start.load();
  const bool is_straight = b.is_straight;
  if (is_straight) note_peak(straight_now_.fetch_add(1) + 1);
  const work_end how = work_through(w, b);
  if (is_straight) straight_now_.fetch_sub(1);
  const auto ended = w.turn_to(part::collecting);
  note_item_time(w, ended - began, b.finished.load() - start);
  switch (how) {
    case work_end::finished:
      complete(w, b);
      break;
    case work_end::waiting:
      schedule_retry(b);
      break;
    case work_end::outstanding:
      if (hooks_.let_go(b)) settle_finished(w, b);
      break;
  }
  return ended;
}

void run::note_item_time(worker& w, std::chrono::nanoseconds taken, std::uint32_t items) noexcept {
  if (items == 0) return;
  w.item_time = taken / items;
  item_ns_.store(w.item_time.count(), std::memory_order_relaxed);  // a guess for others
}

// Works until the batch is done or something else must come first; then what has not started goes
// back.
work_end run::work_through(worker& w, batch& b) {
  for (;;) {
    {
      const owner_guard guard(w.lock);
      w.current.store(&b, std::memory_order_release);  // partner: see_stealable
    }
    if ((attention.load() & attention_free) != 0 && b.limit.load() - b.start.load() > 1)
      notify_in_time(w, w.turned);
    const work_end how = hooks_.work(w, b);
    {
      const owner_guard guard(w.lock);
      w.current.store(nullptr, std::memory_order_release);  // partner: see_stealable
    }
    const std::uint32_t finished = b.finished.load();
    const std::uint32_t limit = b.limit.load();
    if (how != work_end::finished || finished >= limit) return how;
    if (batch* const rest = split_off(w, b, finished, limit)) {
      offer(*rest);
      return how;
    }
    b.start.store(finished);  // no memory to put them in: they are worked on here
  }
}

// Between two items, when something asks for a look: a thief, the clock, a stop, a sleeper, spawned
// items, a duty.
claim run::next_item(worker& w, batch& b, std::uint32_t i) {
  if (i > b.start.load()) {
    b.claimed.store(
        i);  // what is done first may block: until it is begun, others may take the item
    pause_between(w, b, i);
    b.claimed.store(i + 1);
  } else if (w.is_time_to_look()) {
    look(w, b, i);
  }
  {
    const owner_guard guard(w.lock);  // a thief that is at it decides first
    if (i >= b.limit.load()) return claim::done;
  }
  const std::uint32_t bits = attention.load();
  if ((bits & attention_stop) != 0) return claim::cancel;
  const bool others_first = (bits & attention_spawns) != 0 && w.spawned.load() > 0;
  return others_first && i > b.start.load() ? claim::done : claim::run;
}

std::uint32_t run::next_span(worker& w, batch& b, std::uint32_t i, std::uint32_t most) {
  b.finished.store(i);
  if (i > b.start.load()) {
    pause_between(w, b, i);
    if (!folds_ && i < b.limit.load()) flush(w, b);  // at its end it is completed
    if (w.spawned.load() > 0) return 0;
  }
  const owner_guard guard(w.lock);
  const std::uint32_t limit = b.limit.load();
  const std::uint32_t count = i >= limit ? 0 : std::min(most, limit - i);
  b.claimed.store(i + count);
  return count;
}

// What goes before item i of a batch, which nobody has claimed. All of it may block, so others are
// woken for the item first, and nobody's result waits while a thread that could deliver it is
// asleep.
void run::pause_between(worker& w, batch& b, std::uint32_t i) {
  if ((attention.load() & attention_free) != 0 && w.item_time >= long_item) {
    if (i < b.limit.load()) notify();
    if (!folds_ && b.delivered.load() < i) flush(w, b);
  }
  if (has_duty(w)) {
    if (may_collect(w.number) && collect_if_requested(w)) w.flushed = w.turned;
    if (has_duty(w)) feed(w);
    w.looked = w.turn_to(part::working);
    w.looked_at = i;
    w.look_after(look_distance(w.item_time));
  }
  if (w.is_time_to_look()) look(w, b, i);
}

void run::look(worker& w, batch& b, std::uint32_t i) noexcept {
  const auto now = tick_clock::now();
  if (i > w.looked_at) w.item_time = (now - w.looked) / (i - w.looked_at);
  w.looked = now;
  w.looked_at = i;
  w.look_after(look_distance(w.item_time));
  if (i < b.limit.load() && (attention.load() & attention_free) != 0) notify_in_time(w, now);
  if (b.delivered.load() < i && now - w.flushed > flush_after) flush(w, b);
}

// Hands a batch on to the collector. Its worker does not touch it any more.
void run::complete(worker& w, batch& b) {
  if (folds_) {
    deliver_upto(w, b, b.limit.load());
    recycle(w, b);
  } else if (ordered_) {
    b.closed.store(true, std::memory_order_release);  // partner: drain_window, by the word
    request_delivery(&w, collect_look);
  } else {
    leave_to_collector(w, b);
  }
}

// --- Stopping and failing ---

void run::request_stop() noexcept {
  if (stop_requested_.exchange(true)) return;
  attention.fetch_or(attention_stop);
  stop_source_.request_stop();
  release_retries();
  wake_owner(generator_on_, generator_parker_);
  notify();
}

void run::set_error(std::exception_ptr error) noexcept {
  const lock_guard guard(error_lock_);
  if (!error_) error_ = std::move(error);
}

void run::collector_threw(std::exception_ptr error) noexcept {
  set_error(std::move(error));
  discarding.store(true);
  request_stop();
}

void run::element_threw(std::exception_ptr error) noexcept {
  set_error(std::move(error));
  generator_ended();
}

void run::count_retry() noexcept {
  retries_.fetch_add(1, std::memory_order_relaxed);
}  // a statistic

void run::count(worker_base& by, const tally& handed_over) noexcept {
  // Relaxed: statistics of one writer, read while the run goes on for progress, and after it, when
  // every worker has left.
  const auto add = [](std::atomic<std::uint64_t>& to, std::uint64_t count) {
    if (count > 0) to.store(to.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  };
  auto& w = static_cast<worker&>(by);
  add(w.succeeded, handed_over.succeeded);
  add(w.failed, handed_over.failed);
  add(w.cancelled, handed_over.cancelled);
}

tally run::handed_over() const noexcept {
  tally sum;
  for (const auto& slot : slots_) {
    const worker* const w = slot.load(std::memory_order_acquire);  // partner: enter()
    if (w == nullptr) continue;
    sum.succeeded += w->succeeded.load(std::memory_order_relaxed);
    sum.failed += w->failed.load(std::memory_order_relaxed);
    sum.cancelled += w->cancelled.load(std::memory_order_relaxed);
  }
  return sum;
}

void run::item_failed(std::uint64_t index, const failure& why, unsigned attempts) noexcept {
  const bool by_stop = why.kind() == failure_kind::cancelled && (attempts == 0 || stopping());
  {
    const lock_guard guard(error_lock_);
    if (why.kind() != failure_kind::cancelled && !first_failure_) first_failure_ = why;
    if (!traits_.sees_failures && !by_stop && !error_) {
      error_ = why.exception() ? why.exception()
                               : std::make_exception_ptr(parwork::item_failed(index, why));
    }
  }
  // Under the policy every failure counts, a cancelled one too: what comes behind it is no success.
  const bool stops =
      options_.on_failure == failure_policy::stop || (!traits_.sees_failures && !by_stop);
  if (!stops) return;
  if (ordered_) cut_off = true;
  request_stop();
}

// --- End ---

// Every counter only grows, what was produced is counted before it can be delivered, and only an
// item that has not been delivered can add another: so equality, read in this order (what was
// delivered first), is final.
void run::check_finished() noexcept {
  if (!ended_.load()) return;
  const std::uint64_t delivered = delivered_.load();
  if (delivered != produced()) return;
  if (!traits_.may_spawn) return finish();
  const std::uint64_t of_spawned = delivered_spawned();
  if (of_spawned == spawned()) finish();
}

// Each spawned item is counted by its worker before its delivery is by another, so what is counted
// here covers every delivery that was counted before.
std::uint64_t run::spawned() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& slot : slots_) {
    const worker* const w = slot.load(std::memory_order_acquire);              // partner: enter()
    if (w != nullptr) sum += w->spawned_ever.load(std::memory_order_acquire);  // partner: spawn
  }
  return sum;
}

std::uint64_t run::delivered_spawned() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& slot : slots_) {
    const worker* const w = slot.load(std::memory_order_acquire);  // partner: enter()
    if (w != nullptr) sum += w->delivered_spawned.load(std::memory_order_acquire);  // account
  }
  return sum;
}

void run::finish() noexcept {
  if (finished_.exchange(true)) return;
  while (wake_sleeper()) {
  }
  collector_parker_.unpark();
  generator_parker_.unpark();
}

}  // namespace parwork::detail
