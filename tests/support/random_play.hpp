// Plays a random program: runs it in its way, and checks how it ends.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <utility>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/random_program.hpp"
#include "support/random_run.hpp"
#include "support/rounds.hpp"

namespace parwork_test {

namespace detail {

/// Calls `run`, and checks how it ended. It returns nothing if nobody knows.
template <class Run>
void expect_end(stage& on, Run&& run) {
  try {
    const std::optional<parwork::summary> returned = run();
    on.fall();
    if (returned) {
      on.books().close(*returned);
    } else {
      on.books().close_dropped();
    }
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

// Every pause is followed by its end.
inline void meddle(parwork::run_control& control, unsigned percent) {
  if (percent < 40) {
    control.pause();
    if (percent % 2 == 0) std::this_thread::yield();
    control.resume();
  } else if (percent < 60) {
    control.set_workers(1 + percent % 7);
  } else {
    std::this_thread::yield();
  }
}

/// What the caller does with a run that goes on elsewhere.
inline void use(const stage& on, parwork::running& run) {
  const program& p = on.script();
  for (unsigned turn = 0; turn < p.percent(0, 0, 100); ++turn) {
    const parwork::progress now = run.get_progress();
    EXPECT_LE(now.collected, p.items + p.spawn_limit);
    if (!run.done()) meddle(run.control(), p.percent(turn, 0, 101));
  }
}

template <class Generator, class Work, class Collector>
std::optional<parwork::summary> run_in_its_way(stage& on, Generator& generator, Work& work,
                                               Collector& collector) {
  const program& p = on.script();
  if (p.how == way::called) return parwork::process(generator, work, collector, on.options());
  auto run = parwork::start(std::ref(generator), std::ref(work), std::ref(collector), on.options());
  use(on, run);
  if (p.how == way::started) {
    auto came_to = run.wait();
    EXPECT_TRUE(run.done());
    return came_to;
  }
  if (p.percent(0, 0, 102) < 50) run.control().pause();  // the stop ends it
  on.books().stop_requested();
  return std::nullopt;
}

/// The loop up to its end, or to where the program leaves it.
template <class Range>
void go_through(stage& on, Range& all, std::uint64_t& round) {
  const program& p = on.script();
  for (const auto& done : all) {
    on.collect(done);
    if (p.leaves_loop_at == round++) return on.books().loop_left();
  }
}

template <class Generator, class Work>
std::optional<parwork::summary> run_as_a_loop(stage& on, Generator& generator, Work& work) {
  const program& p = on.script();
  auto all = parwork::results(generator, work, on.options());
  std::uint64_t round = 0;
  go_through(on, all, round);
  if (p.leaves_loop_at && *p.leaves_loop_at < round && p.comes_back_to_loop) {
    auto place = all.begin();
    for (++place; place != all.end(); ++place) on.collect(*place);
  }
  return all.summary();
}

template <class Generator, class Work>
void play_collector(stage& on, Generator& generator, Work&& work) {
  expect_end(on, [&]() -> std::optional<parwork::summary> {
    switch (on.script().collector) {
      case collector_form::completions: {
        auto collect = [&](const auto& done) { on.collect(done); };
        return run_in_its_way(on, generator, work, collect);
      }
      case collector_form::results: {
        auto collect = [&](std::uint64_t value) { on.collect_value(value); };
        return run_in_its_way(on, generator, work, collect);
      }
      case collector_form::loop:
        return run_as_a_loop(on, generator, work);
      case collector_form::reduction:
        break;
    }
    auto sum = parwork::reduce(
        std::uint64_t{0}, [&](std::uint64_t& total, std::uint64_t one) { on.fold(total, one); },
        [](std::uint64_t& total, std::uint64_t other) { total += other; });
    return run_in_its_way(on, generator, work, sum);
  });
}

// Work in stages, each of which holds what `hold` returns.
template <class Hold>
auto in_stages(stage& on, Hold hold) {
  return parwork::stages(
      [&on, hold](const counted& item, parwork::context& ctx) {
        [[maybe_unused]] const auto held = hold(item);
        return on.first_stage(item, ctx);
      },
      parwork::limited(
          [&on, hold](const counted& item, parwork::context& ctx) {
            [[maybe_unused]] const auto held = hold(item);
            return on.limited_stage(item, ctx);
          },
          on.script().limit),
      [&on, hold](const counted& item, parwork::context& ctx) {
        [[maybe_unused]] const auto held = hold(item);
        return on.last_stage(item, ctx);
      });
}

template <work_form form>
auto work_of(stage& on) {
  const auto key = [&](const counted& item) { return on.key(item); };
  if constexpr (form == work_form::plain) {
    return [&](const counted& item, parwork::context& ctx) { return on.plain(item, ctx); };
  } else if constexpr (form == work_form::per_worker) {
    return parwork::per_worker(
        [] { return counted(0); },
        [&](counted&, const counted& item, parwork::context& ctx) { return on.plain(item, ctx); });
  } else if constexpr (form == work_form::asynchronous) {
    return [&](counted& item, parwork::completer<std::uint64_t> finish) {
      on.asynchronous(item, std::move(finish));
    };
  } else if constexpr (form == work_form::batched) {
    return parwork::batched([&](std::span<counted> items) { return on.batch(items); },
                            on.script().batch);
  } else if constexpr (form == work_form::limited) {
    return parwork::limited(
        [&](const counted& item, parwork::context& ctx) { return on.limited(item, ctx); },
        on.script().limit);
  } else if constexpr (form == work_form::staged) {
    return in_stages(on, [](const counted&) { return 0; });
  } else if constexpr (form == work_form::keyed) {
    return parwork::keyed(
        [&](const counted& item, parwork::context& ctx) {
          const auto turn = on.hold_turn(item);
          return on.plain(item, ctx);
        },
        key);
  } else if constexpr (form == work_form::keyed_asynchronous) {
    return parwork::keyed(work_of<work_form::asynchronous>(on), key);
  } else {
    return parwork::keyed(in_stages(on, [&](const counted& item) { return on.hold_turn(item); }),
                          key);
  }
}

}  // namespace detail

/// Forms of work that a test draws from: each is compiled with each collector.
template <work_form... forms>
struct works {
  static constexpr work_form each[] = {forms...};

  template <class Generator>
  static void play(stage& on, Generator& generator) {
    (play_if_chosen<forms>(on, generator), ...);
  }

 private:
  template <work_form form, class Generator>
  static void play_if_chosen(stage& on, Generator& generator) {
    if (on.script().work == form) {
      detail::play_collector(on, generator, detail::work_of<form>(on));
    }
  }
};

/// Runs the program of `on`, whose work is one of `Works`, with this generator, which can be used
/// as an lvalue.
template <class Works, class Generator>
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
  std::jthread meddler;
  if (p.controlled) {
    meddler = std::jthread([&on, &p, token = over.get_token()] {
      if (p.begins_paused) on.control().resume();
      for (std::uint64_t turn = 0; !token.stop_requested(); ++turn) {
        detail::meddle(on.control(), p.percent(turn, 0, 70));
      }
    });
  }
  Works::play(on, generator);
  over.request_stop();
}

/// Plays random programs: `with_generator(stage&)` calls `play<Works>` with a generator of its own.
template <class Works, class WithGenerator>
void play_random_programs(std::uint64_t rounds, source_form source,
                          WithGenerator&& with_generator) {
  play_rounds(rounds, [&](dice& roll) {
    const program p = random_program(roll, source, Works::each);
    SCOPED_TRACE(testing::Message() << p);
    {
      stage on(p);
      with_generator(on);
    }
    EXPECT_EQ(counted::live(), 0) << "items leaked, or destroyed twice";
  });
}

}  // namespace parwork_test
