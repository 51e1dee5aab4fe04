// A run chosen at random, and what must hold of it whatever was chosen.
//
// Every decision about an item follows from the seed, the item's id and the attempt, so the outcome
// of an attempt is known before it runs and the ledger can tell what must have arrived.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/rounds.hpp"

namespace parwork_test {

struct generator_broke : std::runtime_error {
  generator_broke() : runtime_error("generator broke") {}
};
struct collector_broke : std::runtime_error {
  collector_broke() : runtime_error("collector broke") {}
};
struct callback_broke : std::runtime_error {
  callback_broke() : runtime_error("on_progress or retry_if broke") {}
};
struct work_broke : std::runtime_error {
  work_broke() : runtime_error("work broke") {}
};

enum class work_form { plain, per_worker, asynchronous, batched };
enum class collector_form { completions, results, reduction };
enum class stop_from { nowhere, generator, work, collector, other_thread, before };
enum class outcome { success, exception, error, abandoned };

/// What is done with one attempt, apart from its outcome.
struct habits {
  unsigned yield_percent = 0;
  unsigned spin_percent = 0;
  unsigned nested_percent = 0;
  unsigned spawn_percent = 0;
  unsigned elsewhere_percent = 0;  // of asynchronous attempts
  unsigned outstay_percent = 0;    // of attempts with a short timeout
};

/// One run, before it starts.
struct program {
  std::uint64_t seed = 0;
  std::uint64_t items = 0;
  std::uint64_t spawn_limit = 0;
  work_form work = work_form::plain;
  collector_form collector = collector_form::completions;
  parwork::options options = {};
  unsigned pool_size = 0;  // 0: the default pool
  std::size_t batch = 1;
  habits habit = {};
  unsigned failing_percent = 0;
  std::optional<parwork::failure_kind> refused = {};  // by retry_if
  bool short_timeout = false;
  std::optional<std::uint64_t> generator_throws_at = {};  // before the item of that number
  std::optional<std::uint64_t> collector_throws_at = {};  // in the call of that number
  std::optional<std::uint64_t> retry_if_throws_at = {};
  std::optional<std::uint64_t> progress_throws_at = {};
  bool recorded = false;
  stop_from stop = stop_from::nowhere;
  std::uint64_t stop_at = 0;

  /// A number from 0 to 99 that depends on nothing but its arguments.
  unsigned percent(std::uint64_t id, unsigned attempt, unsigned salt) const {
    std::uint64_t mixed = seed + id * 0x9e3779b97f4a7c15u + attempt * 0xbf58476d1ce4e5b9u +
                          salt * 0x94d049bb133111ebu;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return static_cast<unsigned>((mixed ^ (mixed >> 31)) % 100);
  }

  /// How an attempt ends, deadlines aside.
  outcome outcome_of(std::uint64_t id, unsigned attempt) const {
    if (percent(id, attempt, 1) >= failing_percent) return outcome::success;
    const unsigned kind = percent(id, attempt, 2);
    if (work == work_form::batched) return outcome::error;
    if (work == work_form::asynchronous && kind < 30) return outcome::abandoned;
    return kind < 65 ? outcome::exception : outcome::error;
  }

  /// What `retry_if` decides.
  bool refuses_retry_of(parwork::failure_kind kind) const { return refused == kind; }

  bool may_throw() const {
    return generator_throws_at || collector_throws_at || retry_if_throws_at || progress_throws_at;
  }
  bool throws_failures() const { return collector != collector_form::completions; }
};

inline std::ostream& operator<<(std::ostream& out, const program& p) {
  const auto at = [&](const char* name, const std::optional<std::uint64_t>& when) {
    if (when) out << ' ' << name << " throws at " << *when << ',';
  };
  out << p.items << " items, work " << static_cast<int>(p.work) << ", collector "
      << static_cast<int>(p.collector) << ", workers " << p.options.workers << ", queue "
      << p.options.queue << ", order " << static_cast<int>(p.options.order) << ", on_failure "
      << static_cast<int>(p.options.on_failure) << ", generator on "
      << static_cast<int>(p.options.generator_runs_on) << ", collector on "
      << static_cast<int>(p.options.collector_runs_on) << ", pool " << p.pool_size << ", attempts "
      << p.options.retry.max_attempts << ", failing " << p.failing_percent << "%,";
  at("generator", p.generator_throws_at);
  at("collector", p.collector_throws_at);
  at("retry_if", p.retry_if_throws_at);
  at("on_progress", p.progress_throws_at);
  return out << " stop from " << static_cast<int>(p.stop) << " at " << p.stop_at
             << (p.short_timeout ? ", short timeout" : "") << (p.recorded ? ", recorded" : "");
}

namespace detail {

inline void roll_options(program& p, dice& roll) {
  using namespace std::chrono_literals;
  using parwork::runs_on;
  constexpr unsigned workers[] = {1, 1, 2, 2, 3, 4, 4, 8};
  constexpr std::size_t queues[] = {1, 1, 2, 3, 7, 50, 400};
  constexpr runs_on places[] = {runs_on::workers, runs_on::workers, runs_on::own_thread,
                                runs_on::caller};
  p.options.workers = roll.chance(2) ? 64 : roll.pick(workers);
  p.options.queue = roll.pick(queues);
  p.options.order = roll.chance(40) ? parwork::ordering::input : parwork::ordering::completion;
  p.options.on_failure =
      roll.chance(25) ? parwork::failure_policy::stop : parwork::failure_policy::keep_going;
  p.options.generator_runs_on = roll.pick(places);
  p.options.collector_runs_on = roll.pick(places);
  constexpr unsigned pools[] = {0, 0, 1, 2, 4};
  p.pool_size = roll.pick(pools);
  if (roll.chance(40)) {
    p.options.retry.max_attempts = 1 + static_cast<unsigned>(roll.below(4));
    p.options.retry.backoff =
        roll.chance(50) ? std::chrono::nanoseconds(0) : std::chrono::microseconds(roll.below(200));
  }
  if (roll.chance(20)) {
    p.short_timeout = roll.chance(60);
    p.options.timeout =
        p.short_timeout ? std::chrono::nanoseconds(std::chrono::microseconds(50 + roll.below(300)))
                        : std::chrono::nanoseconds(1h);
  }
}

inline void roll_accidents(program& p, dice& roll) {
  const auto when = [&](unsigned percent) -> std::optional<std::uint64_t> {
    if (!roll.chance(percent)) return std::nullopt;
    // The edges are where mistakes live: the first, the last, and around a full queue.
    const std::uint64_t edges[] = {0,
                                   1,
                                   p.items / 2,
                                   p.items - (p.items > 0),
                                   p.items,
                                   p.options.queue,
                                   p.options.queue - 1,
                                   roll.below(p.items + 1)};
    return roll.pick(edges);
  };
  p.generator_throws_at = when(12);
  p.collector_throws_at = when(12);
  if (roll.chance(30)) p.failing_percent = static_cast<unsigned>(roll.below(60));
  if (p.failing_percent > 0) p.retry_if_throws_at = when(5);
  if (roll.chance(20)) p.refused = parwork::failure_kind::error;
  if (roll.chance(15)) {
    p.options.progress_every = std::chrono::nanoseconds(1);
    p.options.on_progress = [](const parwork::progress&) {};
    p.progress_throws_at = when(10);
  }
  constexpr stop_from stops[] = {stop_from::generator, stop_from::work, stop_from::collector,
                                 stop_from::other_thread, stop_from::before};
  if (const auto at = when(30)) {
    p.stop = roll.pick(stops);
    p.stop_at = *at;
  }
}

inline void roll_habits(program& p, dice& roll) {
  const auto some = [&](unsigned percent, unsigned most) {
    return roll.chance(percent) ? static_cast<unsigned>(roll.below(most)) : 0u;
  };
  p.habit.yield_percent = some(50, 50);
  p.habit.spin_percent = some(30, 20);
  p.habit.nested_percent = some(15, 5);
  p.habit.elsewhere_percent = some(80, 100);
  p.habit.outstay_percent = some(50, 20);
  if (p.options.order == parwork::ordering::completion) {
    p.habit.spawn_percent = some(30, 60);
    p.spawn_limit = p.habit.spawn_percent > 0 ? roll.below(300) : 0;
  }
}

}  // namespace detail

/// A program chosen by `roll`.
inline program random_program(dice& roll) {
  constexpr std::uint64_t items[] = {0, 1, 2, 3, 7, 20, 50, 100, 300, 1000};
  constexpr work_form works[] = {work_form::plain, work_form::plain, work_form::per_worker,
                                 work_form::asynchronous, work_form::batched};
  constexpr collector_form collectors[] = {collector_form::completions, collector_form::completions,
                                           collector_form::results, collector_form::reduction};
  program p;
  p.seed = roll.seed();
  p.items = roll.pick(items);
  p.work = roll.pick(works);
  p.collector = roll.pick(collectors);
  p.batch = 1 + roll.below(64);
  p.recorded = roll.chance(30);
  detail::roll_options(p, roll);
  detail::roll_accidents(p, roll);
  detail::roll_habits(p, roll);
  return p;
}

}  // namespace parwork_test
