// A run chosen at random, and what must hold of it whatever was chosen.
//
// Every decision about an item follows from the seed, the item's id and the attempt, so the outcome
// of an attempt is known before it runs and the ledger can tell what must have arrived.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
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

enum class source_form {
  callable,
  coroutine,
  split,
  filling,
  refs,
  split_refs,
  weighed,
  prioritized
};
enum class work_form {
  plain,
  per_worker,
  asynchronous,
  batched,
  limited,
  staged,
  keyed,
  keyed_asynchronous,
  keyed_stages
};
enum class collector_form { completions, results, reduction, loop };
/// By `process`, or by `start`, whose `running` is waited for or destroyed.
enum class way { called, started, dropped };
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
  static constexpr unsigned stage_count = 3;  // the second one is limited

  std::uint64_t seed = 0;
  source_form source = source_form::callable;
  way how = way::called;
  std::uint64_t items = 0;
  std::uint64_t spawn_limit = 0;
  work_form work = work_form::plain;
  collector_form collector = collector_form::completions;
  parwork::options options = {};
  unsigned pool_size = 0;  // 0: the default pool
  parwork::batch_options batch = {};
  unsigned keys = 1;          // how many there are
  unsigned limit = 1;         // of limited work
  std::size_t heaviest = 10;  // weights are 0 to this
  std::size_t ahead = 1;      // of prioritized
  habits habit = {};
  unsigned failing_percent = 0;
  std::optional<parwork::failure_kind> refused = {};  // by retry_if
  bool short_timeout = false;
  std::optional<std::uint64_t> generator_throws_at = {};  // before the item of that number
  std::optional<std::uint64_t> collector_throws_at = {};  // in the call of that number
  std::optional<std::uint64_t> retry_if_throws_at = {};
  std::optional<std::uint64_t> progress_throws_at = {};
  std::optional<std::uint64_t> weight_throws_at = {};
  unsigned throwing_keys_percent = 0;
  std::optional<std::uint64_t> leaves_loop_at = {};  // in the round of that number
  bool comes_back_to_loop = false;
  bool recorded = false;
  bool controlled = false;  // paused, resumed and resized all the time
  bool begins_paused = false;
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

  /// How an attempt of a stage ends, deadlines aside.
  outcome outcome_of(std::uint64_t id, unsigned attempt, unsigned stage = 0) const {
    if (percent(id, attempt, 1 + 1000 * stage) >= failing_percent) return outcome::success;
    const unsigned kind = percent(id, attempt, 2 + 1000 * stage);
    if (work == work_form::batched) return outcome::error;
    if (is_asynchronous() && kind < 30) return outcome::abandoned;
    return kind < 65 ? outcome::exception : outcome::error;
  }

  /// What `retry_if` decides.
  bool refuses_retry_of(parwork::failure_kind kind) const { return refused == kind; }

  unsigned key_of(std::uint64_t id) const { return percent(id, 0, 90) % keys; }
  bool key_throws(std::uint64_t id) const {
    return is_keyed() && percent(id, 0, 94) < throwing_keys_percent;
  }
  std::size_t weight_of(std::uint64_t id) const {
    return heaviest * percent(id, 0, 91) / 99 * (percent(id, 0, 92) < 5 ? 10 : 1);
  }
  unsigned priority_of(std::uint64_t id) const { return percent(id, 0, 93) / 10; }

  bool is_asynchronous() const {
    return work == work_form::asynchronous || work == work_form::keyed_asynchronous;
  }
  bool is_keyed() const {
    return work == work_form::keyed || work == work_form::keyed_asynchronous ||
           work == work_form::keyed_stages;
  }
  bool is_staged() const { return work == work_form::staged || work == work_form::keyed_stages; }
  unsigned last_stage() const { return is_staged() ? stage_count - 1 : 0; }
  /// Whether items are elements of a range: nothing is called for them.
  bool is_of_elements() const {
    return source == source_form::split || source == source_form::refs ||
           source == source_form::split_refs;
  }
  bool has_weights() const {
    return source == source_form::weighed || source == source_form::prioritized;
  }
  bool has_references() const {
    return source == source_form::refs || source == source_form::split_refs;
  }
  bool may_throw() const {
    return generator_throws_at || collector_throws_at || retry_if_throws_at || progress_throws_at ||
           weight_throws_at;
  }
  bool throws_failures() const {
    return collector == collector_form::results || collector == collector_form::reduction;
  }
  /// Where the collector is called.
  parwork::runs_on collector_place() const {
    return collector == collector_form::loop ? parwork::runs_on::caller : options.collector_runs_on;
  }
};

inline std::ostream& operator<<(std::ostream& out, const program& p) {
  const auto at = [&](const char* name, const std::optional<std::uint64_t>& when) {
    if (when) out << ' ' << name << " throws at " << *when << ',';
  };
  out << p.items << " items, source " << static_cast<int>(p.source) << ", way "
      << static_cast<int>(p.how) << ", work " << static_cast<int>(p.work) << ", collector "
      << static_cast<int>(p.collector) << ", memory " << p.options.memory << ", heaviest "
      << p.heaviest << ", ahead " << p.ahead << ", keys " << p.keys << ", limit " << p.limit
      << ", span " << p.batch.max << ", linger " << p.batch.linger.count() << " ns, workers "
      << p.options.workers << ", queue " << p.options.queue << ", order "
      << static_cast<int>(p.options.order) << ", on_failure "
      << static_cast<int>(p.options.on_failure) << ", generator on "
      << static_cast<int>(p.options.generator_runs_on) << ", collector on "
      << static_cast<int>(p.options.collector_runs_on) << ", pool " << p.pool_size << ", attempts "
      << p.options.retry.max_attempts << ", failing " << p.failing_percent << "%,";
  at("generator", p.generator_throws_at);
  at("collector", p.collector_throws_at);
  at("retry_if", p.retry_if_throws_at);
  at("on_progress", p.progress_throws_at);
  at("weight", p.weight_throws_at);
  if (p.leaves_loop_at) out << " loop left at " << *p.leaves_loop_at << ',';
  return out << " stop from " << static_cast<int>(p.stop) << " at " << p.stop_at
             << (p.short_timeout ? ", short timeout" : "") << (p.recorded ? ", recorded" : "")
             << (p.controlled ? ", controlled" : "") << (p.begins_paused ? ", begins paused" : "");
}

namespace detail {

inline void roll_options(program& p, dice& roll) {
  using namespace std::chrono_literals;
  using parwork::runs_on;
  constexpr unsigned workers[] = {1, 1, 2, 2, 3, 4, 4, 8};
  constexpr std::size_t queues[] = {0, 1, 1, 2, 3, 7, 50, 400};
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
                                   p.options.queue - (p.options.queue > 0),
                                   roll.below(p.items + 1)};
    return roll.pick(edges);
  };
  p.generator_throws_at = when(12);
  p.collector_throws_at = when(12);
  if (p.has_weights()) p.weight_throws_at = when(5);
  if (p.collector == collector_form::loop) p.leaves_loop_at = when(25);
  p.comes_back_to_loop = roll.chance(40);
  if (p.is_keyed() && roll.chance(10)) p.throwing_keys_percent = 5;
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
  if (p.options.order == parwork::ordering::completion && !p.has_references()) {
    p.habit.spawn_percent = some(30, 60);
    p.spawn_limit = p.habit.spawn_percent > 0 ? roll.below(300) : 0;
  }
}

// What the forms of generator and work take besides.
inline void roll_forms(program& p, dice& roll) {
  p.batch.max = 1 + roll.below(64);
  if (roll.chance(50)) p.batch.linger = std::chrono::microseconds(roll.below(300));
  constexpr unsigned keys[] = {1, 2, 5, 50};
  p.keys = roll.pick(keys);
  p.limit = 1 + static_cast<unsigned>(roll.below(3));
  constexpr std::size_t heaviest[] = {0, 1, 10, 1000};
  p.heaviest = roll.pick(heaviest);
  if (p.has_weights() && roll.chance(80)) p.options.memory = 1 + roll.below(2000);
  constexpr std::size_t ahead[] = {1, 2, 10, 1000};
  p.ahead = roll.pick(ahead);
  if (p.collector == collector_form::loop) return;
  constexpr way ways[] = {way::called, way::called, way::started, way::dropped};
  p.how = roll.pick(ways);
}

}  // namespace detail

/// A program chosen by `roll`, over items of `source`, with one of `works`.
inline program random_program(dice& roll, source_form source, std::span<const work_form> works) {
  constexpr std::uint64_t items[] = {0, 1, 2, 3, 7, 20, 50, 100, 300, 1000};
  constexpr collector_form collectors[] = {collector_form::completions, collector_form::completions,
                                           collector_form::results,     collector_form::reduction,
                                           collector_form::loop,        collector_form::loop};
  program p;
  p.seed = roll.seed();
  p.source = source;
  p.items = roll.pick(items);
  p.work = works[roll.below(works.size())];
  p.collector = roll.pick(collectors);
  p.recorded = roll.chance(30);
  p.controlled = roll.chance(40);
  p.begins_paused = p.controlled && roll.chance(30);
  detail::roll_forms(p, roll);
  detail::roll_options(p, roll);
  detail::roll_accidents(p, roll);
  detail::roll_habits(p, roll);
  return p;
}

}  // namespace parwork_test
