// The callables of a random program, which do what it says, and what watches them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/elsewhere.hpp"
#include "support/form_watches.hpp"
#include "support/ledger.hpp"
#include "support/random_program.hpp"
#include "support/recorded.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace parwork_test {

/// What one run shares: its program, its books and its watchers.
class stage {
 public:
  explicit stage(const program& p) : p_(p), books_(p) {
    if (p.stop == stop_from::before) request_stop();
    if (p.begins_paused) control_.pause();
  }

  const program& script() const { return p_; }
  parwork::run_control& control() { return control_; }
  ledger& books() { return books_; }

  parwork::options options() {
    parwork::options chosen = p_.options;
    chosen.stop = stop_.get_token();
    chosen.run_on = pool_of(p_.pool_size);
    if (p_.recorded) chosen.record = &recorder_;
    if (p_.controlled) chosen.control = &control_;
    if (p_.retry_if_throws_at || p_.refused) {
      chosen.retry.retry_if = [this](const parwork::failure& why) {
        fallen_.user_code();
        if (p_.retry_if_throws_at == retry_calls_.add(1) - 1) break_callback();
        return why.kind() != parwork::failure_kind::cancelled && !p_.refuses_retry_of(why.kind());
      };
    }
    if (chosen.on_progress) {
      chosen.on_progress = [this](const parwork::progress&) {
        fallen_.user_code();
        const auto visit = progress_.enter();
        if (p_.progress_throws_at == progress_.calls() - 1) break_callback();
      };
    }
    return chosen;
  }

  // --- The generator ---

  std::optional<counted> next() {
    fallen_.user_code();
    const auto visit = generator_.enter();
    EXPECT_FALSE(std::exchange(inside_last_, false)) << "called after it had ended or thrown";
    if (stop_done_.load()) {
      EXPECT_LE(late_calls_.add(1), 1) << "called again after a stop";
    }
    note_place(generator_threads_, p_.options.generator_runs_on);
    if (p_.stop == stop_from::generator && next_ == p_.stop_at) request_stop();
    if (p_.generator_throws_at == next_) {
      inside_last_ = true;
      books_.generator_threw();
      throw generator_broke();
    }
    if (next_ == p_.items) {
      inside_last_ = true;
      return std::nullopt;
    }
    dawdle(next_, 1, 20);
    if (p_.source == source_form::prioritized) {
      held_.pulled(next_, p_.priority_of(next_));
    } else {
      books_.take(next_);
    }
    return counted(next_++);
  }

  /// Fills a slot.
  bool fill(counted& slot) {
    auto item = next();
    if (!item) return false;
    slot = *std::move(item);
    return true;
  }

  /// The last that is called for an item before it is in flight, or held until it fits.
  std::size_t weight(const counted& item) {
    fallen_.user_code();
    if (p_.source == source_form::prioritized) {
      held_.came_out(item.id(), p_.priority_of(item.id()));
      books_.take(item.id());
    }
    if (p_.weight_throws_at == item.id()) {
      books_.untake(item.id());
      inside_last_ = true;
      books_.generator_threw();
      throw generator_broke();
    }
    return p_.weight_of(item.id());
  }

  unsigned priority(const counted& item) const { return p_.priority_of(item.id()); }

  // --- Work ---

  unsigned key(const counted& item) {
    fallen_.user_code();
    if (p_.key_throws(item.id())) throw work_broke();
    return p_.key_of(item.id());
  }

  /// Holds the turn of the item's key.
  auto hold_turn(const counted& item) {
    const std::uint64_t id = item.id();
    const bool has_order = !books_.is_spawned(id);
    return std::make_unique<key_watch::visit>(
        turns_, p_.key_of(id), has_order ? std::optional(books_.position_of(id)) : std::nullopt);
  }

  /// One attempt, up to its outcome.
  std::pair<outcome, unsigned> attempt(const counted& item, unsigned at_stage = 0) {
    fallen_.user_code();
    const std::uint64_t id = item.id();
    const unsigned number = books_.start(id, at_stage);
    if (at_stage == 0 && number == 1 && !books_.is_spawned(id)) weights_.begin(p_.weight_of(id));
    if (p_.stop == stop_from::work && id == p_.stop_at) request_stop();
    dawdle(id, number, 30);
    if (p_.percent(id, number, 40) < p_.habit.nested_percent) nested_run();
    fallen_.user_code();
    return {p_.outcome_of(id, number, at_stage), number};
  }

  std::expected<std::uint64_t, std::string> plain(const counted& item, parwork::context& ctx,
                                                  unsigned at_stage = 0) {
    const std::uint64_t id = item.id();
    const auto [how, number] = attempt(item, at_stage);
    EXPECT_EQ(number, ctx.attempt());
    if (outstays(id, number)) wait_for_stop(ctx.stop_token());
    if (at_stage == 0 && p_.percent(id, number, 50) < p_.habit.spawn_percent) {
      for (unsigned child = 0; child < 1 + p_.percent(id, number, 51) % 3; ++child) {
        if (const auto born = books_.spawn()) ctx.spawn(counted(*born));
      }
    }
    if (how == outcome::exception) throw work_broke();
    if (how == outcome::error) return std::unexpected("error");
    return ledger::value_of(id);
  }

  /// With as many others as the limit says.
  std::expected<std::uint64_t, std::string> limited(const counted& item, parwork::context& ctx,
                                                    unsigned at_stage = 0) {
    const auto visit = places_.enter();
    EXPECT_LE(places_.inside(), static_cast<int>(p_.limit));
    return plain(item, ctx, at_stage);
  }

  std::expected<counted, std::string> first_stage(const counted& item, parwork::context& ctx) {
    return with_item(plain(item, ctx, 0), item);
  }
  std::expected<counted, std::string> limited_stage(const counted& item, parwork::context& ctx) {
    return with_item(limited(item, ctx, 1), item);
  }
  std::expected<std::uint64_t, std::string> last_stage(const counted& item, parwork::context& ctx) {
    return plain(item, ctx, 2);
  }

  void asynchronous(counted& item, parwork::completer<std::uint64_t> finish) {
    const std::uint64_t id = item.id();
    auto turn = p_.is_keyed() ? hold_turn(item) : nullptr;
    const auto [how, number] = attempt(item);
    EXPECT_EQ(number, finish.attempt());
    if (how == outcome::exception) throw work_broke();
    auto settle = [this, &item, id, how = how, number = number, turn = std::move(turn),
                   finish = std::move(finish)]() mutable {
      dawdle(id, number, 60);
      if (outstays(id, number)) wait_for_stop(finish.stop_token());
      EXPECT_EQ(item.id(), id) << "the item is gone before it is finished";
      fallen_.user_code();
      turn.reset();
      if (how == outcome::success) return finish.succeed(ledger::value_of(id));
      if (how == outcome::error) {
        return finish.fail(parwork::failure(parwork::failure_kind::error, "error"));
      }
      const auto dropped = std::move(finish);
    };
    if (p_.percent(id, number, 61) < p_.habit.elsewhere_percent) {
      other_threads().post(std::move(settle));
    } else {
      settle();
    }
  }

  std::vector<std::expected<std::uint64_t, std::string>> batch(std::span<counted> items) {
    EXPECT_FALSE(items.empty());
    EXPECT_LE(items.size(), p_.batch.max);
    std::vector<std::expected<std::uint64_t, std::string>> results;
    for (const counted& item : items) {
      if (attempt(item).first == outcome::success) {
        results.emplace_back(ledger::value_of(item.id()));
      } else {
        results.emplace_back(std::unexpected("error"));
      }
    }
    return results;
  }

  // --- The collector ---

  template <class Item>
  void collect(const parwork::completion<Item, std::uint64_t>& done) {
    const auto visit = collector_.enter();
    books_.deliver(done);
    collected(done.item.id());
  }

  void collect_value(std::uint64_t value) {
    const auto visit = collector_.enter();
    books_.deliver_value(value);
    collected((value - 1) / 3);
  }

  void fold(std::uint64_t& sum, std::uint64_t value) {
    fallen_.user_code();
    books_.deliver_value(value);
    sum += value;
    landed((value - 1) / 3);
  }

  // --- The end ---

  void fall() {
    fallen_.fall();
    if (!p_.recorded) return;
    EXPECT_NE(recorder_.verdict(), "");
    expect_sound_lanes(recorded_by(recorder_));
  }

  void request_stop() {
    books_.stop_requested();
    stop_.request_stop();
    stop_done_.store(true);
  }

 private:
  static parwork::pool* pool_of(unsigned size) {
    static parwork::pool one(1);
    static parwork::pool two(2);
    static parwork::pool four(4);
    return size == 0 ? nullptr : size == 1 ? &one : size == 2 ? &two : &four;
  }

  static elsewhere& other_threads() {
    static elsewhere threads(3);
    return threads;
  }

  static void nested_run() {
    int sum = 0;
    const auto run = parwork::process(
        [next = 0]() mutable { return next < 4 ? std::optional(next++) : std::nullopt; },
        [](int item) {
          std::this_thread::yield();
          return item;
        },
        [&](int result) { sum += result; }, {.workers = 2, .queue = 2});
    EXPECT_EQ(run.succeeded, 4u);
    EXPECT_EQ(sum, 6);
  }

  static std::expected<counted, std::string> with_item(
      const std::expected<std::uint64_t, std::string>& passed, const counted& item) {
    if (passed) return item;
    return std::unexpected(passed.error());
  }

  /// Load, and a chance for others to overtake.
  void dawdle(std::uint64_t id, unsigned attempt, unsigned salt) const {
    if (p_.percent(id, attempt, salt) < p_.habit.yield_percent) std::this_thread::yield();
    if (p_.percent(id, attempt, salt + 1) < p_.habit.spin_percent) {
      const auto until = std::chrono::steady_clock::now() +
                         std::chrono::microseconds(p_.percent(id, attempt, salt + 2));
      while (std::chrono::steady_clock::now() < until) {
      }
    }
  }

  bool outstays(std::uint64_t id, unsigned attempt) const {
    return p_.short_timeout && p_.percent(id, attempt, 70) < p_.habit.outstay_percent;
  }

  void collected(std::uint64_t id) {
    fallen_.user_code();
    note_place(collector_threads_, p_.collector_place());
    const std::uint64_t call = collector_.calls() - 1;
    if (p_.stop == stop_from::collector && call == p_.stop_at) request_stop();
    dawdle(id, 1, 80);
    if (p_.collector_throws_at == call) {
      books_.collector_threw();
      throw collector_broke();
    }
    landed(id);
  }

  // Its flight ends now.
  void landed(std::uint64_t id) {
    books_.collected();
    if (!books_.is_spawned(id) && books_.has_begun(id)) weights_.end(p_.weight_of(id));
  }

  void note_place(std::optional<std::thread::id>& seen, parwork::runs_on where) const {
    const auto here = std::this_thread::get_id();
    const bool has_caller = p_.how == way::called;
    if (where == parwork::runs_on::caller && has_caller) {
      EXPECT_EQ(here, caller_);
    }
    // A thread takes the place of the caller of `start`.
    if (where == parwork::runs_on::own_thread ||
        (where == parwork::runs_on::caller && !has_caller)) {
      EXPECT_NE(here, caller_);
      if (!seen) seen = here;
      EXPECT_EQ(here, seen);
    }
  }

  [[noreturn]] void break_callback() {
    books_.callback_threw();
    throw callback_broke();
  }

  const program& p_;
  // The least memory: lanes are full at times.
  parwork::recorder recorder_{{.memory = std::size_t{1} << 20}};
  parwork::run_control control_;
  ledger books_;
  curtain fallen_;
  std::stop_source stop_;
  relaxed<bool> stop_done_;
  relaxed<int> late_calls_;
  exclusive generator_;
  exclusive collector_;
  exclusive progress_;
  key_watch turns_{p_.keys};
  crowd places_;
  weight_watch weights_{p_.options.memory};
  priority_watch held_{p_.ahead};
  relaxed<std::uint64_t> retry_calls_;
  const std::thread::id caller_ = std::this_thread::get_id();
  // Unguarded: generator and collector calls come one at a time.
  std::uint64_t next_ = 0;
  bool inside_last_ = false;
  std::optional<std::thread::id> generator_threads_;
  std::optional<std::thread::id> collector_threads_;
};

}  // namespace parwork_test
