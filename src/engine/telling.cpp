#include "engine/telling.hpp"

#include <algorithm>

namespace parwork::detail {

summary telling::counted() const {
  summary s;
  s.produced = credits_.produced() + workers_.spawned();
  const outcome_counts handed = workers_.handed_over();
  s.succeeded = handed.succeeded;
  s.failed = handed.failed;
  s.cancelled = handed.cancelled;
  s.retries = returning_.retries();
  const unsigned most = gate_.most();
  s.workers = most - std::min(most - 1, wakeups_.refused_threads());
  s.queue = credits_.bound();
  s.peak_in_flight = credits_.peak();
  s.peak_memory = credits_.peak_memory();
  s.stopped = ending_.was_stopped();
  s.first_failure = ending_.first_failure();
  const auto now = clock::now();
  s.wall = now - started_;
  s.paused = gate_.paused_by(now);
  attribute_time(s);
  return s;
}

// Shares are of the workers' time; what bounds the run also counts a part's own thread.
void telling::attribute_time(summary& s) const {
  std::chrono::nanoseconds pull{0}, work{0}, collect{0}, generator{0}, collector{0};
  workers_.for_each([&](const worker& w) {
    if (!shape_.is_split) generator += w.time_of(part::pulling);
    if (!shape_.folds) collector += w.time_of(part::collecting);
    if (w.number >= shape_.most()) return;
    pull += w.time_of(part::pulling);
    work += w.time_of(part::working);
    collect += w.time_of(part::collecting);
  });
  const auto active = static_cast<double>((s.wall - s.paused).count());
  const auto share = [&](std::chrono::nanoseconds spent, double of) {
    const auto time = static_cast<double>(spent.count());
    return of > 0 ? std::min(1.0, time / of) : 0.0;
  };
  // What had been started when a pause began went on in it.
  const auto spent = static_cast<double>((pull + work + collect).count());
  const double workers_time = std::max(active * s.workers, s.paused.count() > 0 ? spent : 0.0);
  s.generator_share = share(pull, workers_time);
  s.work_share = share(work, workers_time);
  s.collector_share = share(collect, workers_time);
  s.idle_share = std::max(0.0, 1.0 - s.generator_share - s.work_share - s.collector_share);
  if (share(generator, active) >= bottleneck_threshold) {
    s.bound = bottleneck::generator;
  } else if (share(collector, active) >= bottleneck_threshold) {
    s.bound = bottleneck::collector;
  } else if (s.work_share >= bottleneck_threshold) {
    s.bound = bottleneck::work;
  }
}

progress telling::now() const {
  progress p;
  const outcome_counts handed = workers_.handed_over();
  p.collected = handed.succeeded + handed.failed + handed.cancelled;
  p.failed = handed.failed;
  p.retries = returning_.retries();
  p.produced = std::max(p.collected, credits_.produced() + workers_.spawned());
  p.in_flight = p.produced - p.collected;
  p.total = total_;
  p.elapsed = clock::now() - started_;
  const auto active = p.elapsed - gate_.paused_by(clock::now());
  const double seconds = std::chrono::duration<double>(active).count();
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

}  // namespace parwork::detail
