// Plays a random program: the callables that do what it says, and the checks around them.
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
#include "support/ledger.hpp"
#include "support/random_program.hpp"
#include "support/recorded.hpp"
#include "support/waiting.hpp"
#include "support/watching.hpp"

namespace parwork_test {

/// What one run shares: its program, its books and its watchers.
class stage {
 public:
  stage(const program& p, taking how) : p_(p), books_(p, how) {
    if (p.stop == stop_from::before) request_stop();
  }

  const program& script() const { return p_; }
  ledger& books() { return books_; }

  parwork::options options() {
    parwork::options chosen = p_.options;
    chosen.stop = stop_.get_token();
    chosen.run_on = pool_of(p_.pool_size);
    if (p_.recorded) chosen.record = &recorder_;
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
    books_.take(next_);
    return counted(next_++);
  }

  // --- Work ---

  /// One attempt, up to its outcome.
  std::pair<outcome, unsigned> attempt(const counted& item) {
    fallen_.user_code();
    const std::uint64_t id = item.id();
    const unsigned number = books_.start(id);
    if (p_.stop == stop_from::work && id == p_.stop_at) request_stop();
    dawdle(id, number, 30);
    if (p_.percent(id, number, 40) < p_.habit.nested_percent) nested_run();
    fallen_.user_code();
    return {p_.outcome_of(id, number), number};
  }

  std::expected<std::uint64_t, std::string> plain(const counted& item, parwork::context& ctx) {
    const std::uint64_t id = item.id();
    const auto [how, number] = attempt(item);
    EXPECT_EQ(number, ctx.attempt());
    if (outstays(id, number)) wait_for_stop(ctx.stop_token());
    if (p_.percent(id, number, 50) < p_.habit.spawn_percent) {
      for (unsigned child = 0; child < 1 + p_.percent(id, number, 51) % 3; ++child) {
        if (const auto born = books_.spawn()) ctx.spawn(counted(*born));
      }
    }
    if (how == outcome::exception) throw work_broke();
    if (how == outcome::error) return std::unexpected("error");
    return ledger::value_of(id);
  }

  void asynchronous(counted& item, parwork::completer<std::uint64_t> finish) {
    const std::uint64_t id = item.id();
    const auto [how, number] = attempt(item);
    EXPECT_EQ(number, finish.attempt());
    if (how == outcome::exception) throw work_broke();
    auto settle = [this, &item, id, how = how, number = number,
                   finish = std::move(finish)]() mutable {
      dawdle(id, number, 60);
      if (outstays(id, number)) wait_for_stop(finish.stop_token());
      EXPECT_EQ(item.id(), id) << "the item is gone before it is finished";
      fallen_.user_code();
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
    EXPECT_LE(items.size(), p_.batch);
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

  void collect(const parwork::completion<counted, std::uint64_t>& done) {
    const auto visit = collector_.enter();
    books_.deliver(done);
    collected(done.item.id());
  }

  void collect_value(std::uint64_t value) {
    const auto visit = collector_.enter();
    books_.deliver_value(value);
    collected(value / 3);
  }

  void fold(std::uint64_t& sum, std::uint64_t value) {
    fallen_.user_code();
    books_.deliver_value(value);
    sum += value;
    books_.collected();
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
    note_place(collector_threads_, p_.options.collector_runs_on);
    const std::uint64_t call = collector_.calls() - 1;
    if (p_.stop == stop_from::collector && call == p_.stop_at) request_stop();
    dawdle(id, 1, 80);
    if (p_.collector_throws_at == call) {
      books_.collector_threw();
      throw collector_broke();
    }
    books_.collected();
  }

  void note_place(std::optional<std::thread::id>& seen, parwork::runs_on where) const {
    const auto here = std::this_thread::get_id();
    if (where == parwork::runs_on::caller) {
      EXPECT_EQ(here, caller_);
    }
    if (where == parwork::runs_on::own_thread) {
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
  ledger books_;
  curtain fallen_;
  std::stop_source stop_;
  relaxed<bool> stop_done_;
  relaxed<int> late_calls_;
  exclusive generator_;
  exclusive collector_;
  exclusive progress_;
  relaxed<std::uint64_t> retry_calls_;
  const std::thread::id caller_ = std::this_thread::get_id();
  // Unguarded: generator and collector calls come one at a time.
  std::uint64_t next_ = 0;
  bool inside_last_ = false;
  std::optional<std::thread::id> generator_threads_;
  std::optional<std::thread::id> collector_threads_;
};

namespace detail {

/// Calls `run`, and checks how it ended.
template <class Run>
void expect_end(stage& on, Run&& run) {
  std::optional<parwork::summary> returned;
  try {
    returned = run();
    on.fall();
    on.books().close(*returned);
  } catch (const generator_broke&) {
    on.fall();
    on.books().close_after_generator();
  } catch (const collector_broke&) {
    on.fall();
    on.books().close_after_collector();
  } catch (const callback_broke&) {
    on.fall();
    on.books().close_after_callback();
  } catch (const work_broke&) {
    on.fall();
    on.books().close_after_failure();
  } catch (const parwork::item_failed&) {
    on.fall();
    on.books().close_after_failure();
  }
}

template <class Generator, class Work>
void play_collector(stage& on, Generator&& generator, Work&& work) {
  using completion = parwork::completion<counted, std::uint64_t>;
  expect_end(on, [&]() -> parwork::summary {
    switch (on.script().collector) {
      case collector_form::completions:
        return parwork::process(
            generator, work, [&](const completion& done) { on.collect(done); }, on.options());
      case collector_form::results:
        return parwork::process(
            generator, work, [&](std::uint64_t value) { on.collect_value(value); }, on.options());
      case collector_form::reduction:
        break;
    }
    auto sum = parwork::reduce(
        std::uint64_t{0}, [&](std::uint64_t& total, std::uint64_t one) { on.fold(total, one); },
        [](std::uint64_t& total, std::uint64_t other) { total += other; });
    return parwork::process(generator, work, sum, on.options());
  });
}

}  // namespace detail

/// Runs the program of `on` with this generator, which is an lvalue or can be used as one.
template <class Generator>
void play(stage& on, Generator&& generator) {
  const program& p = on.script();
  std::stop_source over;
  std::jthread stopper;
  if (p.stop == stop_from::other_thread) {
    stopper = std::jthread([&on, &p, token = over.get_token()] {
      while (on.books().taken() < p.stop_at && !token.stop_requested()) std::this_thread::yield();
      on.request_stop();
    });
  }
  const auto plain = [&](const counted& item, parwork::context& ctx) {
    return on.plain(item, ctx);
  };
  switch (p.work) {
    case work_form::plain:
      detail::play_collector(on, generator, plain);
      break;
    case work_form::per_worker:
      detail::play_collector(
          on, generator,
          parwork::per_worker([] { return counted(0); },
                              [&](counted&, const counted& item, parwork::context& ctx) {
                                return on.plain(item, ctx);
                              }));
      break;
    case work_form::asynchronous:
      detail::play_collector(on, generator,
                             [&](counted& item, parwork::completer<std::uint64_t> finish) {
                               on.asynchronous(item, std::move(finish));
                             });
      break;
    case work_form::batched:
      detail::play_collector(
          on, generator,
          parwork::batched([&](std::span<counted> items) { return on.batch(items); }, p.batch));
      break;
  }
  over.request_stop();
}

/// Plays random programs: `with_generator(stage&)` calls `play` with a generator of its own.
template <class WithGenerator>
void play_random_programs(std::uint64_t rounds, taking how, WithGenerator&& with_generator) {
  play_rounds(rounds, [&](dice& roll) {
    const program p = random_program(roll);
    SCOPED_TRACE(testing::Message() << p);
    {
      stage on(p, how);
      with_generator(on);
    }
    EXPECT_EQ(counted::live(), 0) << "items leaked, or destroyed twice";
  });
}

}  // namespace parwork_test
