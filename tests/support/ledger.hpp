// Books of one random run: what was taken, worked on and delivered, and whether that is what the
// program asked for.
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

/// How the ledger learns of items: from each generator call, or, where nothing is called for them,
/// when they are first seen.
enum class taking { by_call, by_sight };

class ledger {
 public:
  ledger(const program& p, taking how)
      : program_(p), how_(how), entries_(p.items + p.spawn_limit), next_spawned_(p.items) {}

  // --- Entries ---

  void take(std::uint64_t id) {
    EXPECT_EQ(entry(id).taken.add(1), 1) << "item " << id << " was taken twice";
    const auto in_flight = static_cast<std::int64_t>(taken_.add(1)) - collected_.load();
    EXPECT_LE(in_flight, static_cast<std::int64_t>(program_.options.queue));
  }

  /// The id of a new spawned item, or nothing where there have been enough.
  std::optional<std::uint64_t> spawn() {
    std::uint64_t id = 0;
    if (!next_spawned_.add_below(entries_.size(), id)) return std::nullopt;
    entry(id).taken.store(1);
    return id;
  }

  /// Notes an attempt, and hands back its number.
  unsigned start(std::uint64_t id) {
    see(id);
    const unsigned attempt = entry(id).attempts.add(1);
    EXPECT_LE(attempt, program_.options.retry.max_attempts);
    return attempt;
  }

  void deliver(const parwork::completion<counted, std::uint64_t>& done) {
    const std::uint64_t id = done.item.id();
    ASSERT_LT(id, entries_.size()) << "an item that was moved from or destroyed";
    note_delivery(id);
    EXPECT_EQ(done.attempts, entry(id).attempts.load()) << "item " << id;
    if (program_.options.order == parwork::ordering::input) {
      EXPECT_EQ(done.index, next_index_) << "out of order";
    }
    ++next_index_;
    if (program_.spawn_limit == 0) {
      EXPECT_EQ(done.index, id);
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

  // --- The end ---

  /// The run returned.
  void close(const parwork::summary& run) const {
    EXPECT_FALSE(generator_threw_.load() || collector_threw_.load() || callback_threw_.load())
        << "nothing was rethrown";
    EXPECT_EQ(run.produced, run.succeeded + run.failed + run.cancelled);
    if (how_ == taking::by_call || !program_.throws_failures()) {
      EXPECT_EQ(run.produced, produced());
    }
    EXPECT_LE(run.peak_in_flight, program_.options.queue);
    EXPECT_EQ(run.retries, retries());
    EXPECT_EQ(run.first_failure.has_value(), run.failed > 0);
    if (program_.throws_failures()) {
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
    if (!failures_stop && !stop_requested_.load()) {
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
    if (!collector_threw_.load() && !callback_threw_.load() && !program_.throws_failures()) {
      expect_all_delivered();
    }
  }
  void close_after_collector() const { EXPECT_TRUE(collector_threw_.load()); }
  void close_after_callback() const { EXPECT_TRUE(callback_threw_.load()); }

  /// The run ended by the failure of an item.
  void close_after_failure() const {
    EXPECT_TRUE(program_.throws_failures());
    EXPECT_TRUE(program_.failing_percent > 0 || program_.short_timeout);
  }

 private:
  struct item_entry {
    relaxed<int> taken;
    relaxed<unsigned> attempts;
    relaxed<int> delivered;
  };

  item_entry& entry(std::uint64_t id) { return entries_.at(id); }

  void see(std::uint64_t id) {
    if (how_ == taking::by_sight && entry(id).taken.exchange(1) == 0) taken_.add(1);
    EXPECT_EQ(entry(id).taken.load(), 1) << "item " << id << " was never taken";
  }

  void note_delivery(std::uint64_t id) {
    see(id);
    EXPECT_EQ(entry(id).delivered.add(1), 1) << "item " << id << " arrived twice";
  }

  void check_success(std::uint64_t id, std::uint64_t value, unsigned attempts) const {
    EXPECT_EQ(value, value_of(id));
    EXPECT_GE(attempts, 1u);
    EXPECT_EQ(program_.outcome_of(id, attempts), outcome::success) << "item " << id;
  }

  void check_failure(std::uint64_t id, const parwork::failure& why, unsigned attempts) const {
    using parwork::failure_kind;
    if (why.kind() == failure_kind::cancelled) {
      const bool failure_may_stop =
          program_.options.on_failure == parwork::failure_policy::stop &&
          (program_.failing_percent > 0 || program_.short_timeout || stop_requested_.load());
      EXPECT_TRUE(stop_requested_.load() || failure_may_stop) << "cancelled for no reason";
      // In input order what is finished behind the first that a stop cancelled is cancelled, too.
      if (program_.options.order == parwork::ordering::completion) {
        EXPECT_EQ(attempts, 0u);
      }
      return;
    }
    EXPECT_GE(attempts, 1u);
    if (why.kind() == failure_kind::timeout) {
      EXPECT_TRUE(program_.short_timeout);
      return;
    }
    constexpr failure_kind kinds[] = {failure_kind::cancelled, failure_kind::exception,
                                      failure_kind::error, failure_kind::abandoned};
    EXPECT_EQ(why.kind(), kinds[static_cast<int>(program_.outcome_of(id, attempts))])
        << "item " << id << ", attempt " << attempts << ": " << why.message();
    const bool used_up = attempts == program_.options.retry.max_attempts;
    EXPECT_TRUE(used_up || stop_requested_.load() || program_.refuses_retry_of(why.kind()) ||
                program_.may_throw() ||
                program_.options.on_failure == parwork::failure_policy::stop)
        << "item " << id << " was given up after attempt " << attempts;
  }

  void expect_all_delivered() const {
    for (std::size_t id = 0; id < entries_.size(); ++id) {
      ASSERT_EQ(entries_[id].taken.load(), entries_[id].delivered.load()) << "item " << id;
    }
  }

  std::uint64_t spawned() const { return next_spawned_.load() - program_.items; }
  std::uint64_t produced() const { return taken_.load() + spawned(); }
  std::uint64_t delivered() const {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        entries_, [](const item_entry& one) { return one.delivered.load() == 1; }));
  }
  std::uint64_t retries() const {
    std::uint64_t sum = 0;
    for (const item_entry& one : entries_) {
      const unsigned attempts = one.attempts.load();
      sum += attempts - (attempts > 0);
    }
    return sum;
  }

  const program& program_;
  const taking how_;
  std::vector<item_entry> entries_;
  relaxed<std::uint64_t> next_spawned_;
  relaxed<std::uint64_t> taken_;
  relaxed<std::int64_t> collected_;
  // Unguarded: collector calls come one at a time.
  std::uint64_t next_index_ = 0;
  bool nothing_may_succeed_ = false;
  relaxed<bool> stop_requested_;
  relaxed<bool> generator_threw_;
  relaxed<bool> collector_threw_;
  relaxed<bool> callback_threw_;
};

}  // namespace parwork_test
