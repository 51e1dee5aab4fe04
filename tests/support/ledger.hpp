// Books of one random run: what was taken, worked on and delivered, and whether that is what the
// program asked for. It learns of items from each generator call or, if nothing is called for
// them, when they are first seen.
//
// Thread safety: `close...` after the run; everything else from any thread during it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/random_program.hpp"
#include "support/relaxed.hpp"

namespace parwork_test {

class ledger {
 public:
  explicit ledger(const program& p)
      : program_(p), entries_(p.items + p.spawn_limit), next_spawned_(p.items) {
    for (std::size_t id = 0; id < entries_.size(); ++id) entries_[id].position = id;
  }

  // --- Entries ---

  /// By one thread at a time, in the order in which they come.
  void take(std::uint64_t id) {
    EXPECT_EQ(entry(id).taken.add(1), 1) << "item " << id << " was taken twice";
    entry(id).position = taken_.load();
    const auto in_flight = static_cast<std::int64_t>(taken_.add(1)) - collected_.load();
    if (program_.options.queue > 0) {
      EXPECT_LE(in_flight, static_cast<std::int64_t>(program_.options.queue + held_apart()));
    }
    peak_.raise_to(in_flight);
  }
  /// What was taken is given back: it was the last.
  void untake(std::uint64_t id) {
    entry(id).taken.store(0);
    taken_.add(std::uint64_t{0} - 1);
  }

  /// Where the item came out of the generator.
  std::uint64_t position_of(std::uint64_t id) const { return entries_.at(id).position; }
  bool is_spawned(std::uint64_t id) const { return id >= program_.items; }
  bool has_begun(std::uint64_t id) const {
    return entries_.at(id).attempts.load() > 0 || entries_.at(id).stage.load() > 0;
  }

  /// The id of a new spawned item, or nothing where there have been enough.
  std::optional<std::uint64_t> spawn() {
    std::uint64_t id = 0;
    if (!next_spawned_.add_below(entries_.size(), id)) return std::nullopt;
    entry(id).taken.store(1);
    return id;
  }

  /// Notes an attempt of a stage, and hands back its number.
  unsigned start(std::uint64_t id, unsigned stage = 0) {
    see(id);
    const unsigned before = entry(id).stage.exchange(stage);
    if (before != stage) {
      EXPECT_EQ(before + 1, stage) << "item " << id << " left out a stage, or went back";
      entry(id).attempts.store(0);
    }
    const unsigned attempt = entry(id).attempts.add(1);
    if (attempt > 1) retries_.add(1);
    EXPECT_LE(attempt, program_.options.retry.max_attempts);
    return attempt;
  }

  template <class Item>
  void deliver(const parwork::completion<Item, std::uint64_t>& done) {
    const std::uint64_t id = done.item.id();
    ASSERT_LT(id, entries_.size()) << "an item that was moved from or destroyed";
    note_delivery(id);
    if (done.attempts > 0 || !program_.is_staged()) {  // 0: cancelled between two stages
      EXPECT_EQ(done.attempts, entry(id).attempts.load()) << "item " << id;
    }
    if (program_.options.order == parwork::ordering::input) {
      EXPECT_EQ(done.index, next_index_) << "out of order";
    }
    ++next_index_;
    if (program_.spawn_limit == 0) {
      EXPECT_EQ(done.index, entry(id).position);
    }
    EXPECT_FALSE(collector_threw_.load()) << "the collector was called after it threw";
    if (done.result) {
      EXPECT_FALSE(nothing_may_succeed_) << "a success after the failure that stopped the run";
      check_success(id, *done.result, done.attempts);
    } else {
      check_failure(id, done.result.error(), done.attempts);
      nothing_may_succeed_ = program_.options.order == parwork::ordering::input &&
                             program_.options.on_failure == parwork::failure_policy::stop;
    }
  }

  /// For collectors of results: `value` says which item it came from.
  void deliver_value(std::uint64_t value) {
    const std::uint64_t id = (value - 1) / 3;
    ASSERT_LT(id, entries_.size());
    note_delivery(id);
    check_success(id, value, entry(id).attempts.load());
  }

  static std::uint64_t value_of(std::uint64_t id) { return 3 * id + 1; }

  /// At the end of a collector call: its item is no longer in flight.
  void collected() { collected_.add(1); }

  std::uint64_t taken() const { return taken_.load(); }

  // --- Events ---

  void stop_requested() { stop_requested_.store(true); }
  void generator_threw() { generator_threw_.store(true); }
  void collector_threw() { collector_threw_.store(true); }
  void callback_threw() { callback_threw_.store(true); }
  void loop_left() { loop_left_.store(true); }

  // --- The end ---

  /// The run returned.
  void close(const parwork::summary& run) const {
    // What a generator throws that looks ahead leaves it behind what it holds, which a stop drops.
    const bool is_dropped = program_.source == source_form::prioritized && may_have_stopped();
    EXPECT_FALSE((generator_threw_.load() && !is_dropped) || collector_threw_.load() ||
                 callback_threw_.load())
        << "nothing was rethrown";
    EXPECT_EQ(run.produced, run.succeeded + run.failed + run.cancelled);
    if (!program_.is_of_elements() || !(program_.throws_failures() || loop_left_.load())) {
      EXPECT_LE(run.produced, produced());
      EXPECT_GE(run.produced + unaccounted(), produced());
    }
    check_bounds(run);
    EXPECT_EQ(run.retries, retries_.load());
    EXPECT_EQ(run.first_failure.has_value(), run.failed > 0);
    if (loop_left_.load()) {
      EXPECT_GE(run.produced, delivered());
    } else if (program_.throws_failures()) {
      EXPECT_EQ(run.failed, 0u) << "a failure passed silently";
      EXPECT_EQ(run.succeeded, delivered());
    } else {
      expect_all_delivered();
    }
    const bool failures_stop =
        program_.options.on_failure == parwork::failure_policy::stop && run.failed > 0;
    if (failures_stop) {
      EXPECT_TRUE(run.stopped);
    }
    if (!failures_stop && !stop_requested_.load() && !loop_left_.load()) {
      EXPECT_FALSE(run.stopped);
      EXPECT_EQ(run.cancelled, 0u);
      EXPECT_EQ(run.produced, program_.items + spawned());
    }
    if (program_.stop == stop_from::before) {
      EXPECT_TRUE(run.stopped);
      EXPECT_EQ(run.succeeded + run.failed, 0u);
    }
  }

  /// The run ended by an exception of the generator.
  void close_after_generator() const {
    EXPECT_TRUE(generator_threw_.load());
    expect_all_delivered_if_promised();
  }
  /// The run's end was not waited for, so nobody knows what it came to.
  void close_dropped() const { expect_all_delivered_if_promised(); }
  void close_after_collector() const { EXPECT_TRUE(collector_threw_.load()); }
  void close_after_callback() const { EXPECT_TRUE(callback_threw_.load()); }

  /// The run ended by the failure of an item.
  void close_after_failure() const {
    EXPECT_TRUE(program_.throws_failures());
    EXPECT_TRUE(program_.failing_percent > 0 || program_.short_timeout ||
                program_.throwing_keys_percent > 0);
  }

 private:
  struct item_entry {
    relaxed<int> taken;
    std::uint64_t position = 0;
    relaxed<unsigned> stage;
    relaxed<unsigned> attempts;  // of this stage
    relaxed<int> delivered;
  };

  item_entry& entry(std::uint64_t id) { return entries_.at(id); }

  void see(std::uint64_t id) {
    if (program_.is_of_elements() && entry(id).taken.exchange(1) == 0) taken_.add(1);
    EXPECT_EQ(entry(id).taken.load(), 1) << "item " << id << " was never taken";
  }

  void note_delivery(std::uint64_t id) {
    see(id);
    EXPECT_EQ(entry(id).delivered.add(1), 1) << "item " << id << " arrived twice";
  }

  // Items that are taken and not in flight.
  std::size_t held_apart() const { return program_.options.memory > 0 ? 1 : 0; }
  // Of those, how many a stop may have destroyed.
  std::uint64_t unaccounted() const { return may_have_stopped() ? held_apart() : 0; }
  bool may_have_stopped() const {
    return stop_requested_.load() || loop_left_.load() || program_.may_throw() ||
           program_.throws_failures() ||
           program_.options.on_failure == parwork::failure_policy::stop;
  }

  void check_bounds(const parwork::summary& run) const {
    if (program_.options.queue > 0) {
      EXPECT_EQ(run.queue, program_.options.queue);
    }
    EXPECT_LE(run.peak_in_flight, run.queue);
    EXPECT_LE(peak_.load(), static_cast<std::int64_t>(run.queue + held_apart()));
    if (program_.options.memory > 0) {
      EXPECT_LE(run.peak_memory, std::max(program_.options.memory, 10 * program_.heaviest));
    }
  }

  void check_success(std::uint64_t id, std::uint64_t value, unsigned attempts) const {
    EXPECT_EQ(value, value_of(id));
    EXPECT_GE(attempts, 1u);
    EXPECT_EQ(entries_.at(id).stage.load(), program_.last_stage()) << "item " << id;
    EXPECT_EQ(program_.outcome_of(id, attempts, program_.last_stage()), outcome::success)
        << "item " << id;
  }

  void check_failure(std::uint64_t id, const parwork::failure& why, unsigned attempts) const {
    using parwork::failure_kind;
    if (why.kind() == failure_kind::cancelled) {
      const bool failure_may_stop = program_.options.on_failure == parwork::failure_policy::stop &&
                                    (program_.failing_percent > 0 || program_.short_timeout ||
                                     stop_requested_.load() || program_.throwing_keys_percent > 0);
      EXPECT_TRUE(stop_requested_.load() || failure_may_stop) << "cancelled for no reason";
      // In input order what is finished behind the first that a stop cancelled is cancelled, too;
      // and a stop comes between stages.
      if (program_.options.order == parwork::ordering::completion && !program_.is_staged()) {
        EXPECT_EQ(attempts, 0u);
      }
      return;
    }
    if (program_.key_throws(id)) {
      EXPECT_EQ(attempts, 0u);
      EXPECT_EQ(why.kind(), failure_kind::exception);
      return;
    }
    EXPECT_GE(attempts, 1u);
    const unsigned stage = entries_.at(id).stage.load();
    EXPECT_EQ(why.stage(), program_.is_staged() ? std::optional(stage) : std::nullopt);
    if (why.kind() == failure_kind::timeout) {
      EXPECT_TRUE(program_.short_timeout);
      return;
    }
    constexpr failure_kind kinds[] = {failure_kind::cancelled, failure_kind::exception,
                                      failure_kind::error, failure_kind::abandoned};
    EXPECT_EQ(why.kind(), kinds[static_cast<int>(program_.outcome_of(id, attempts, stage))])
        << "item " << id << ", attempt " << attempts << ": " << why.message();
    const bool used_up = attempts == program_.options.retry.max_attempts;
    EXPECT_TRUE(used_up || stop_requested_.load() || program_.refuses_retry_of(why.kind()) ||
                program_.may_throw() ||
                program_.options.on_failure == parwork::failure_policy::stop)
        << "item " << id << " was given up after attempt " << attempts;
  }

  // An exception of the collector, and a failure that is thrown, leave items behind.
  void expect_all_delivered_if_promised() const {
    if (collector_threw_.load() || callback_threw_.load() || loop_left_.load()) return;
    if (!program_.throws_failures()) expect_all_delivered();
  }

  void expect_all_delivered() const {
    std::uint64_t missing = 0;
    for (std::size_t id = 0; id < entries_.size(); ++id) {
      const item_entry& one = entries_[id];
      const bool is_held = one.taken.load() == 1 && one.attempts.load() == 0;
      if (one.delivered.load() == 0 && is_held && missing++ < unaccounted()) continue;
      ASSERT_EQ(one.taken.load(), one.delivered.load()) << "item " << id;
    }
  }

  std::uint64_t spawned() const { return next_spawned_.load() - program_.items; }
  std::uint64_t produced() const { return taken_.load() + spawned(); }
  std::uint64_t delivered() const {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        entries_, [](const item_entry& one) { return one.delivered.load() == 1; }));
  }

  const program& program_;
  std::vector<item_entry> entries_;
  relaxed<std::uint64_t> next_spawned_;
  relaxed<std::uint64_t> taken_;
  relaxed<std::int64_t> collected_;
  relaxed<std::int64_t> peak_;
  relaxed<std::uint64_t> retries_;
  // Unguarded: collector calls come one at a time.
  std::uint64_t next_index_ = 0;
  bool nothing_may_succeed_ = false;
  relaxed<bool> stop_requested_;
  relaxed<bool> generator_threw_;
  relaxed<bool> collector_threw_;
  relaxed<bool> callback_threw_;
  relaxed<bool> loop_left_;
};

}  // namespace parwork_test
