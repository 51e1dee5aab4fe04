// Every field of the options, named as users name them, and what is refused.
#include <chrono>
#include <cmath>
#include <cstddef>
#include <functional>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <stop_token>
#include <utility>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

using namespace std::chrono_literals;

const std::vector<int> items{1, 2, 3};

parwork::summary run(parwork::options options) {
  return parwork::process(items, [](int item) { return item; }, [](auto) {}, std::move(options));
}

void defaults() {
  const parwork::options options;
  expect(options.workers == 0 && options.queue == 0 &&
         options.order == parwork::ordering::completion);
  expect(options.on_failure == parwork::failure_policy::keep_going && options.timeout == 0ns);
  expect(!options.stop.stop_possible() && !options.on_progress && options.progress_every == 100ms &&
         !options.total);
  expect(options.generator_runs_on == parwork::runs_on::workers);
  expect(options.collector_runs_on == parwork::runs_on::workers);
  expect(options.run_on == nullptr && options.record == nullptr);

  const parwork::retry_policy retry;
  expect(retry.max_attempts == 1 && retry.backoff == 0ns && retry.max_backoff == 30s &&
         !retry.retry_if);
  expect(retry.multiplier == 2.0 && retry.jitter == 0.1);
}

void every_field() {
  parwork::pool pool(2);
  std::stop_source stop;
  int calls = 0;
  const auto summary = run({
      .workers = 2,
      .queue = 7,
      .order = parwork::ordering::input,
      .on_failure = parwork::failure_policy::stop,
      .retry = {.max_attempts = 3,
                .backoff = 1us,
                .multiplier = 1.5,
                .max_backoff = 1ms,
                .jitter = 0.5,
                .retry_if =
                    [](const parwork::failure& failure) {
                      return failure.kind() == parwork::failure_kind::timeout;
                    }},
      .timeout = 1h,
      .stop = stop.get_token(),
      .on_progress = [&](const parwork::progress&) { ++calls; },
      .progress_every = 1ms,
      .total = 3,
      .generator_runs_on = parwork::runs_on::caller,
      .collector_runs_on = parwork::runs_on::own_thread,
      .run_on = &pool,
      .record = nullptr,
  });
  expect(summary.succeeded == 3 && summary.peak_in_flight <= 7 && calls >= 1);
}

void where_parts_run() {
  using parwork::runs_on;
  for (const runs_on generator : {runs_on::workers, runs_on::own_thread, runs_on::caller}) {
    for (const runs_on collector : {runs_on::workers, runs_on::own_thread, runs_on::caller}) {
      const auto summary =
          run({.workers = 2, .generator_runs_on = generator, .collector_runs_on = collector});
      expect(summary.succeeded == 3);
    }
  }
}

bool refused(parwork::options options) {
  try {
    static_cast<void>(run(std::move(options)));
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}

void refused_values() {
  expect(refused({.workers = parwork::max_workers + 1}) && parwork::max_workers == 4096);
  expect(refused({.queue = (std::size_t{1} << 40) + 1}));
  expect(refused({.retry = {.max_attempts = 0}}));
  expect(refused({.retry = {.backoff = -1ns}}));
  expect(refused({.retry = {.multiplier = 0.5}}));
  expect(refused({.retry = {.multiplier = std::nan("")}}));
  expect(refused({.retry = {.max_backoff = -1ns}}));
  expect(refused({.retry = {.jitter = 1.5}}));
  expect(refused({.timeout = -1ns}));
  expect(refused({.progress_every = -1ns}));
}

void refused_callables() {
  std::function<int(int)> no_work;
  std::function<void(int)> no_collector;
  std::function<std::optional<int>()> no_generator;
  auto work = [](int item) { return item; };
  auto collector = [](int) {};
  int count = 0;
  auto counted = [&](auto call) {
    try {
      static_cast<void>(call());
    } catch (const std::invalid_argument&) {
      ++count;
    }
  };
  counted([&] { return parwork::process(no_generator, work, collector); });
  counted([&] { return parwork::process(items, no_work, collector); });
  counted([&] { return parwork::process(items, work, no_collector); });
  expect(count == 3);
}

}  // namespace

void option_fields() {
  defaults();
  every_field();
  where_parts_run();
  refused_values();
  refused_callables();
}

}  // namespace contract
