// What a run tells of itself: progress while it goes on, a summary at its end, and what a recorder
// wants to know.
#include <algorithm>
#include <utility>

#include "engine/run.hpp"

namespace parwork::detail {

namespace {

constexpr std::chrono::nanoseconds shortest_progress = std::chrono::milliseconds(1);

}  // namespace

// --- The end ---

summary run::summarise() {
  if (options_.on_progress && !discarding.load()) report_progress();
  try {
    {
      const lock_guard guard(error_lock_);
      if (error_) std::rethrow_exception(error_);
    }
    hooks_.merge();
  } catch (...) {
    end_recording(counted(), std::current_exception());
    throw;
  }
  const summary s = counted();
  end_recording(s, nullptr);
  // Relaxed: the next run's guess.
  if (s.produced > 0) {
    traits_.usual_item_ns->store(item_ns_.load(std::memory_order_relaxed),
                                 std::memory_order_relaxed);
  }
  return s;
}

void run::end_recording(const summary& counts, const std::exception_ptr& error) {
  if (recording_ == nullptr) return;
  std::exchange(recording_, nullptr)->end(counts, error, recorded_now());
}

summary run::counted() {
  summary s;
  s.produced = produced() + spawned();
  const tally handed = handed_over();
  s.succeeded = handed.succeeded;
  s.failed = handed.failed;
  s.cancelled = handed.cancelled;
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
    if (!traits_.is_split) generator += w->time_of(part::pulling);
    if (!folds_) collector += w->time_of(part::collecting);
    if (number >= workers_) continue;
    pull += w->time_of(part::pulling);
    work += w->time_of(part::working);
    collect += w->time_of(part::collecting);
  }
  const auto share = [&](std::chrono::nanoseconds spent, double of) {
    return s.wall.count() > 0 ? std::min(1.0, static_cast<double>(spent.count()) /
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

// --- Recording ---

void run::begin_recording() {
  recording& its = recording_of(*options_.record);
  its.begin({.workers = workers_,
             .queue = queue_,
             .is_ordered = ordered_,
             .folds = folds_,
             .is_split = traits_.is_split,
             .is_straight = straight_,
             .is_async = traits_.is_async,
             .generator_on = generator_on_,
             .collector_on = collector_on_,
             .item_type = traits_.item_type},
            recorded_now());
  recording_ = &its;
}

std::int64_t run::recorded_now() noexcept { return tick_clock::now().time_since_epoch().count(); }

// What came between two items is no item's time. A look at the clock tells when it was over, but
// for waking others, which takes microseconds.
void run::begin_recorded_attempt(worker& w) noexcept {
  if ((attention.load(std::memory_order_relaxed) & attention_free) != 0) {  // a hint
    w.record->begin_attempt_now();
  } else {
    w.record->begin_attempt(w.looked.time_since_epoch().count());
  }
}

// --- Progress ---

progress run::look_at_progress() const {
  progress p;
  const tally handed = handed_over();
  p.collected = handed.succeeded + handed.failed + handed.cancelled;
  p.failed = handed.failed;
  p.retries = retries_.load();
  p.produced = std::max(p.collected, produced() + spawned());
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
