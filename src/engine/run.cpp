#include "engine/run.hpp"

#include <algorithm>
#include <utility>

#include "parwork/pool.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace parwork::detail {

namespace {

// Looks at the clock between items: after each of them from a microsecond an item on, else after
// this many.
constexpr std::uint32_t look_every = 16;
constexpr std::chrono::nanoseconds slow_item = std::chrono::microseconds(1);
// Finished items of a batch that takes longer than expected are delivered this often.
constexpr std::chrono::nanoseconds flush_after = std::chrono::microseconds(50);
// A worker that found nothing looks again so often before it goes to sleep, about 3 us in all.
constexpr int looks_before_sleep = 8;
constexpr int pauses_between_looks = 10;

constexpr std::chrono::nanoseconds shortest_progress = std::chrono::milliseconds(1);

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
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
  return self.owner.next_item(self, b, i);
}

std::uint32_t worker_base::next_span(batch& b, std::uint32_t i, std::uint32_t most) {
  auto& self = static_cast<worker&>(*this);
  return self.owner.next_span(self, b, i, most);
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
}

run::~run() {
  const auto free_list = [this](batch* b, batch* batch::* link) {
    while (b != nullptr) hooks_.free_batch(std::exchange(b, b->*link));
  };
  // Batches that were empty when the last item was delivered.
  free_list(pending_.load(), &batch::next);
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
    w->item_time = slow_item;
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
  serve(w);
  give_up(w);
}

void run::serve(worker& w) {
  while (!finished_.load()) {
    if (!step(w) && !look_again(w)) return;
  }
}

// Does one thing, if there is one. What could hold others up goes first, new items go last.
bool run::step(worker& w) {
  if (may_collect(w.number) && collect_if_requested(w)) return true;
  if (has_duty(w) && feed(w)) return true;
  return take_spawned(w) || settle_some(w) || steal_spawned(w) || take_offered(w) || feed(w) ||
         steal_pulled(w);
}

bool run::look_again(worker& w) {
  for (int look = 0; look < looks_before_sleep; ++look) {
    for (int i = 0; i < pauses_between_looks; ++i) pause();
    if (finished_.load() || step(w)) return true;
  }
  return steal_started(w);
}

void run::work_on(worker& w, batch& b) {
  b.next = nullptr;
  const auto began = clock::now();
  const auto elsewhere = w.collect_time + w.pull_time;
  w.looked = w.flushed = began;
  w.looked_at = b.start;
  w.look_after(w.item_time >= slow_item ? 2 : look_every);
  const work_end how = work_through(w, b);
  w.work_time += clock::now() - began - (w.collect_time + w.pull_time - elsewhere);
  switch (how) {
    case work_end::finished:
      return complete(w, b);
    case work_end::waiting:
      return schedule_retry(b);
    case work_end::outstanding:
      if (hooks_.let_go(b)) settle_finished(w, b);
      return;
  }
}

// Works until the batch is done or something else must come first; then what has not started goes
// back.
work_end run::work_through(worker& w, batch& b) {
  for (;;) {
    {
      const lock_guard guard(w.lock);
      w.current = &b;
    }
    if (b.limit.load() - b.start > 1) notify();
    const work_end how = hooks_.work(w, b);
    {
      const lock_guard guard(w.lock);
      w.current = nullptr;
    }
    const std::uint32_t finished = b.finished.load();
    const std::uint32_t limit = b.limit.load();
    if (how != work_end::finished || finished >= limit) return how;
    if (batch* const rest = split_off(w, b, finished, limit)) {
      offer(*rest);
      return how;
    }
    b.start = finished;  // no memory to put them in: they are worked on here
  }
}

// Between two items, when something asks for a look: a thief, the clock, a stop, a sleeper, spawned
// items, a duty.
claim run::next_item(worker& w, batch& b, std::uint32_t i) {
  if (i > b.start) {
    b.claimed.store(
        i);  // what is done first may block: until it is begun, others may take the item
    pause_between(w, b, i);
    b.claimed.store(i + 1);
  } else if (w.is_time_to_look()) {
    look(w, b, i);
  }
  {
    const lock_guard guard(w.lock);  // a thief that is at it decides first
    if (i >= b.limit.load()) return claim::done;
  }
  const std::uint32_t bits = attention.load();
  if ((bits & attention_stop) != 0) return claim::cancel;
  const bool others_first = (bits & attention_spawns) != 0 && w.spawned.load() > 0;
  return others_first && i > b.start ? claim::done : claim::run;
}

std::uint32_t run::next_span(worker& w, batch& b, std::uint32_t i, std::uint32_t most) {
  b.finished.store(i);
  if (i > b.start) {
    pause_between(w, b, i);
    if (!folds_) flush(w, b);
    if (w.spawned.load() > 0) return 0;
  }
  const lock_guard guard(w.lock);
  const std::uint32_t limit = b.limit.load();
  const std::uint32_t count = i >= limit ? 0 : std::min(most, limit - i);
  b.claimed.store(i + count);
  return count;
}

// What goes before item i of a batch, which nobody has claimed. All of it may block, so others are
// woken for the item first, and nobody's result waits while a thread that could deliver it is
// asleep.
void run::pause_between(worker& w, batch& b, std::uint32_t i) {
  if ((attention.load() & attention_free) != 0) {
    if (i < b.limit.load()) notify();
    if (!folds_ && b.delivered.load() < i) flush(w, b);
  }
  if (has_duty(w)) {
    if (may_collect(w.number) && collect_if_requested(w)) w.flushed = clock::now();
    if (has_duty(w)) feed(w);
    w.looked = clock::now();
    w.looked_at = i;
    w.look_after(look_every);
  }
  if (w.is_time_to_look()) look(w, b, i);
}

void run::look(worker& w, batch& b, std::uint32_t i) noexcept {
  const auto now = clock::now();
  if (i > w.looked_at) w.item_time = (now - w.looked) / (i - w.looked_at);
  w.looked = now;
  w.looked_at = i;
  w.look_after(w.item_time >= slow_item ? 1 : look_every);
  if (b.delivered.load() < i && now - w.flushed > flush_after) {
    flush(w, b);
    w.flushed = clock::now();
  }
}

// Hands a batch on to the collector. Its worker does not touch it any more.
void run::complete(worker& w, batch& b) {
  if (folds_) {
    const auto began = clock::now();
    deliver_upto(w, b, b.limit.load());
    recycle(w, b);
    w.collect_time += clock::now() - began;
    return;
  }
  if (ordered_) {
    b.closed.store(true);
  } else {
    b.next = pending_.load();
    while (!pending_.compare_exchange_weak(b.next, &b)) {
    }
  }
  request_delivery(&w);
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

void run::count_retry() noexcept {
  retries_.fetch_add(1, std::memory_order_relaxed);
}  // a statistic

void run::count(std::uint64_t succeeded, std::uint64_t failed, std::uint64_t cancelled) noexcept {
  // Statistics: read while the run goes on for progress, and after it, when every worker has left.
  if (succeeded > 0) succeeded_.fetch_add(succeeded, std::memory_order_relaxed);
  if (failed > 0) failed_.fetch_add(failed, std::memory_order_relaxed);
  if (cancelled > 0) cancelled_.fetch_add(cancelled, std::memory_order_relaxed);
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
// item that has not been delivered can add another: so equality, read in this order, is final.
void run::check_finished() noexcept {
  if (!ended_.load()) return;
  const std::uint64_t delivered = delivered_.load();
  const std::uint64_t delivered_spawned = delivered_spawned_.load();
  if (delivered == produced() && delivered_spawned == spawned_.load()) finish();
}

void run::finish() noexcept {
  if (finished_.exchange(true)) return;
  while (wake_sleeper()) {
  }
  collector_parker_.unpark();
  generator_parker_.unpark();
}

summary run::summarise() {
  if (options_.on_progress && !discarding.load()) report_progress();
  {
    const lock_guard guard(error_lock_);
    if (error_) std::rethrow_exception(error_);
  }
  hooks_.merge();
  summary s;
  s.produced = produced() + spawned_.load();
  s.succeeded = succeeded_.load();
  s.failed = failed_.load();
  s.cancelled = cancelled_.load();
  s.retries = retries_.load();
  s.workers = workers_;
  s.peak_in_flight = peak_.load();
  s.stopped = stop_requested_.load();
  {
    const lock_guard guard(error_lock_);
    s.first_failure = first_failure_;
  }
  s.wall = clock::now() - started_;
  attribute_time(s);
  return s;
}

// Shares are of the workers' time; what bounds the run also counts a part's own thread.
void run::attribute_time(summary& s) const {
  std::chrono::nanoseconds pull{0}, work{0}, collect{0}, generator{0}, collector{0};
  for (unsigned number = 0; number < slots_.size(); ++number) {
    const worker* const w = slots_[number].load();
    if (w == nullptr) continue;
    if (!traits_.is_split) generator += w->pull_time;
    if (!folds_) collector += w->collect_time;
    if (number >= workers_) continue;
    pull += w->pull_time;
    work += w->work_time;
    collect += w->collect_time;
  }
  const auto share = [&](std::chrono::nanoseconds part, double of) {
    return s.wall.count() > 0 ? std::min(1.0, static_cast<double>(part.count()) /
                                                  (static_cast<double>(s.wall.count()) * of))
                              : 0.0;
  };
  s.generator_share = share(pull, workers_);
  s.work_share = share(work, workers_);
  s.collector_share = share(collect, workers_);
  s.idle_share = std::max(0.0, 1.0 - s.generator_share - s.work_share - s.collector_share);
  if (share(generator, 1) >= bottleneck_threshold) {
    s.bound = bottleneck::generator;
  } else if (share(collector, 1) >= bottleneck_threshold) {
    s.bound = bottleneck::collector;
  } else if (s.work_share >= bottleneck_threshold) {
    s.bound = bottleneck::work;
  }
}

// --- Progress ---

progress run::look_at_progress() const {
  progress p;
  p.collected = succeeded_.load() + failed_.load() + cancelled_.load();
  p.failed = failed_.load();
  p.retries = retries_.load();
  p.produced = std::max(p.collected, produced() + spawned_.load());
  p.in_flight = p.produced - p.collected;
  p.total = options_.total;
  p.elapsed = clock::now() - started_;
  const double seconds = std::chrono::duration<double>(p.elapsed).count();
  p.items_per_second = seconds > 0 ? static_cast<double>(p.collected) / seconds : 0;
  if (p.total && p.items_per_second > 0) {
    const double left =
        static_cast<double>(*p.total - std::min(*p.total, p.collected)) / p.items_per_second;
    constexpr double longest = 1e9;  // seconds: beyond any use, and safe to convert
    p.eta = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(std::min(left, longest)));
  }
  return p;
}

void run::report_progress() noexcept {
  try {
    options_.on_progress(look_at_progress());
  } catch (...) {
    collector_threw(std::current_exception());
  }
}

void run::progress_main() noexcept {
  const auto every = std::max(options_.progress_every, shortest_progress);
  for (auto next = started_ + every; !finished_.load() && !discarding.load();) {
    progress_parker_.park_until(next);
    if (finished_.load() || clock::now() < next) continue;
    report_progress();
    next = clock::now() + every;
  }
}

}  // namespace parwork::detail
