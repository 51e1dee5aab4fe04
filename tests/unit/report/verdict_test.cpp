// What is said of runs whose times were made up: so what has to be said is known.
#include "report/verdict.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "parwork/cpus.hpp"
#include "parwork/recorder.hpp"
#include "recording/recording.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::bottleneck;
using parwork::summary;
using parwork::detail::part;
using parwork::detail::recording;
using parwork::detail::run_facts;
using parwork::detail::verdict;
using std::chrono::nanoseconds;

constexpr nanoseconds wall = 1s;

/// A run of two workers, both of whose second was spent alike.
struct made_up {
  double generator = 0, work = 0, collector = 0;  // shares of each worker's time
  bottleneck bound = bottleneck::balanced;
  std::uint64_t items = 1000;
  nanoseconds longest = 1ms;
  std::optional<double> cpu = 1.0;  // share of the busy time
  run_facts facts = {.workers = 2, .queue = 200};
  std::size_t peak = 100;
  std::uint64_t failed = 0, retries = 0;

  verdict judged() {
    recording run(std::size_t{1} << 20, "");
    run.begin(std::move(facts), 0);
    const unsigned workers = run.facts().workers;
    for (unsigned number = 0; number < workers; ++number) {
      auto& lane = run.worker_lane(number, 0);
      std::int64_t now = 0;
      const auto spend = [&](part on, double share) {
        now += static_cast<std::int64_t>(share * static_cast<double>(wall.count()));
        lane.turn(on, now);
      };
      for (std::uint64_t i = number; i < items; i += workers) {
        lane.add_attempt({.duration = i == 0 ? longest.count()
                                             : static_cast<std::int64_t>(
                                                   work * static_cast<double>(wall.count()) *
                                                   workers / static_cast<double>(items)),
                          .index = i,
                          .name = "item-" + std::to_string(i)});
      }
      spend(part::pulling, generator);
      // Work comes last: an idle end is a finding of its own.
      lane.turn(part::nothing,
                wall.count() - static_cast<std::int64_t>((work + collector) *
                                                         static_cast<double>(wall.count())));
      now = lane.end();
      spend(part::collecting, collector);
      lane.add_span({.duration = wall.count() - now, .start = now, .index = number});
    }
    const double busy = generator + work + collector;
    std::optional<nanoseconds> used;
    if (cpu) used = nanoseconds(static_cast<std::int64_t>(*cpu * busy * workers * 1e9));
    run.end({.produced = items,
             .succeeded = items - failed,
             .failed = failed,
             .retries = retries,
             .wall = wall,
             .workers = workers,
             .peak_in_flight = peak,
             .bound = bound},
            nullptr, wall.count(), used ? used : std::optional<nanoseconds>(0ns));
    return parwork::detail::judge(run);
  }
};

bool advises(const verdict& v, std::string_view what) {
  for (const auto& each : v.advices) {
    if (each.what.find(what) != std::string::npos) return true;
  }
  return false;
}

TEST(verdict, work_bound_says_how_many_workers_the_serial_parts_could_feed) {
  // The generator takes 2 x 3.4 % of a core; the whole of both workers' time is 2 x 100.4 %.
  const verdict v = made_up{.generator = 0.034, .work = 0.96, .bound = bottleneck::work}.judged();
  EXPECT_EQ(v.bound, "work");
  EXPECT_EQ(v.headline, "Work-bound: 2 of 2 workers busy 99 % of the time.");
  EXPECT_EQ(v.detail,
            "More cores would help up to about 29 workers; then the generator (6.8 % of a core) "
            "bounds the run.");
  ASSERT_TRUE(v.best_factor);
  EXPECT_NEAR(*v.best_factor, 14.6, 0.1);
}

TEST(verdict, work_bound_names_the_collector_where_that_comes_next) {
  const verdict v =
      made_up{.generator = 0.01, .work = 0.93, .collector = 0.05, .bound = bottleneck::work}
          .judged();
  EXPECT_NE(v.detail.find("then the collector (10 % of a core)"), std::string::npos) << v.detail;
}

TEST(verdict, no_run_is_promised_to_be_shorter_than_its_longest_item) {
  const verdict v =
      made_up{.generator = 0.001, .work = 0.98, .bound = bottleneck::work, .longest = 500ms}
          .judged();
  ASSERT_TRUE(v.best_factor);
  EXPECT_NEAR(*v.best_factor, 2, 0.01);
}

TEST(verdict, work_that_waits_is_told_from_work_that_computes) {
  made_up computing{.generator = 0.01, .work = 0.97, .bound = bottleneck::work};
  made_up waiting = computing;
  waiting.cpu = 0.1;
  EXPECT_FALSE(advises(computing.judged(), "more workers than CPUs"));
  EXPECT_TRUE(advises(waiting.judged(), "more workers than CPUs"));
}

TEST(verdict, a_balanced_run_whose_work_waits_is_told_to_use_more_workers) {
  EXPECT_TRUE(advises(made_up{.work = 0.8, .cpu = 0.4}.judged(), "more workers than CPUs"));
  EXPECT_FALSE(advises(made_up{.work = 0.8}.judged(), "more workers than CPUs"));
  EXPECT_FALSE(advises(made_up{.work = 0.3, .cpu = 0.4}.judged(), "more workers than CPUs"));
}

TEST(verdict, generator_bound_says_what_a_free_generator_would_bring) {
  // Left without it: 40 % of both workers' time.
  const verdict v =
      made_up{.generator = 0.48, .work = 0.4, .bound = bottleneck::generator}.judged();
  EXPECT_EQ(v.bound, "generator");
  EXPECT_NE(v.headline.find("96 % of the time"), std::string::npos) << v.headline;
  ASSERT_TRUE(v.best_factor);
  EXPECT_NEAR(*v.best_factor, 2.5, 0.01);
  EXPECT_TRUE(advises(v, "parwork::split"));
  EXPECT_FALSE(advises(v, "wait less"));
}

TEST(verdict, a_generator_that_waits_is_told_to_wait_less) {
  EXPECT_TRUE(advises(
      made_up{.generator = 0.48, .work = 0.1, .bound = bottleneck::generator, .cpu = 0.2}.judged(),
      "wait less"));
}

TEST(verdict, chunks_are_advised_for_short_items_alone) {
  made_up run{.generator = 0.48, .work = 0.02, .bound = bottleneck::generator, .longest = 1us};
  EXPECT_FALSE(advises(run.judged(), "parwork::chunks"));
  run = {.generator = 0.48,
         .work = 0.02,
         .bound = bottleneck::generator,
         .items = 1'000'000,
         .longest = 1us};
  EXPECT_TRUE(advises(run.judged(), "parwork::chunks"));
}

TEST(verdict, collector_bound_advises_a_reduction) {
  const verdict v =
      made_up{.work = 0.3, .collector = 0.49, .bound = bottleneck::collector}.judged();
  EXPECT_EQ(v.bound, "collector");
  EXPECT_TRUE(advises(v, "parwork::reduce"));
  EXPECT_FALSE(advises(v, "parwork::split"));
}

TEST(verdict, a_full_queue_in_input_order_is_named) {
  made_up run{.work = 0.6};
  run.facts.is_ordered = true;
  EXPECT_FALSE(advises(run.judged(), "larger queue"));
  made_up full{.work = 0.6, .peak = 200};
  full.facts.is_ordered = true;
  EXPECT_TRUE(advises(full.judged(), "larger queue"));
}

TEST(verdict, a_larger_queue_is_said_to_gain_what_it_can) {
  made_up full{.work = 0.5, .items = 10'000, .longest = 100ms, .peak = 200};
  full.facts.is_ordered = true;
  const verdict v = full.judged();
  ASSERT_TRUE(advises(v, "larger queue"));
  for (const auto& each : v.advices) {
    if (each.what.find("larger queue") == std::string::npos) continue;
    EXPECT_NE(each.why.find("With one of about 912 the run could be up to 2.0 times as fast"),
              std::string::npos)
        << each.why;
  }
  made_up busy{.work = 0.89, .bound = bottleneck::work, .peak = 200};
  busy.facts.is_ordered = true;
  EXPECT_FALSE(advises(busy.judged(), "larger queue"));
}

// What is promised of two runs that hardly differ hardly differs, whatever they are called.
TEST(verdict, the_best_factor_has_no_steps) {
  constexpr double step = 0.01;
  const auto bound_of = [](double generator, double work) {
    if (2 * generator >= parwork::bottleneck_threshold) return bottleneck::generator;
    if (work >= parwork::bottleneck_threshold) return bottleneck::work;
    return bottleneck::balanced;
  };
  const auto factor_at = [&](double generator, double work) {
    return made_up{.generator = generator, .work = work, .bound = bound_of(generator, work)}
        .judged()
        .best_factor.value();
  };
  for (double work = 0.5; work < 0.96; work += step) {
    EXPECT_NEAR(factor_at(0.022, work + step) / factor_at(0.022, work), 1, 0.05) << work;
  }
  for (double generator = 0.1; generator < 0.48; generator += step) {
    EXPECT_NEAR(factor_at(generator + step, 0.4) / factor_at(generator, 0.4), 1, 0.15) << generator;
  }
}

TEST(verdict, the_nearer_of_two_bounds_is_named) {
  // The generator would bound 29 workers, an item of 200 ms ten.
  const verdict v =
      made_up{.generator = 0.034, .work = 0.96, .bound = bottleneck::work, .longest = 200ms}
          .judged();
  EXPECT_EQ(v.detail,
            "More cores would help up to about 10 workers; then the longest item, 'item-0' (200 "
            "ms), bounds the run.");
  const verdict all =
      made_up{.generator = 0.001, .work = 0.98, .bound = bottleneck::work, .longest = 980ms}
          .judged();
  EXPECT_NE(all.detail.find("took nearly as long as the run"), std::string::npos) << all.detail;
}

TEST(verdict, held_back_by_the_generator_says_what_a_free_one_would_bring) {
  const verdict v = made_up{.generator = 0.3, .work = 0.2}.judged();
  EXPECT_NE(v.headline.find("Held back by its generator"), std::string::npos) << v.headline;
  EXPECT_NE(v.detail.find("With a generator that costs nothing the run could be 5.0 times as fast"),
            std::string::npos)
      << v.detail;
}

TEST(verdict, few_items_for_the_workers_are_named) {
  EXPECT_TRUE(advises(made_up{.work = 0.5, .items = 3}.judged(), "more, smaller items"));
  EXPECT_FALSE(advises(made_up{.work = 0.5}.judged(), "more, smaller items"));
}

TEST(verdict, short_items_are_named_where_nothing_else_is) {
  const verdict v = made_up{.work = 0.5, .items = 5'000'000, .longest = 1us}.judged();
  EXPECT_TRUE(advises(v, "parwork::chunks"));
  EXPECT_NE(v.detail.find("200 ns"), std::string::npos) << v.detail;
}

TEST(verdict, many_failures_and_repeats_are_named) {
  EXPECT_FALSE(advises(made_up{.work = 0.95, .failed = 10}.judged(), "failures"));
  EXPECT_TRUE(advises(made_up{.work = 0.95, .failed = 300}.judged(), "failures"));
  EXPECT_TRUE(advises(made_up{.work = 0.95, .retries = 400}.judged(), "have to be repeated"));
}

TEST(verdict, an_asynchronous_run_is_bound_by_what_is_outstanding) {
  recording run(std::size_t{1} << 20, "");
  run.begin({.workers = 2, .queue = 3, .is_async = true}, 0);
  for (unsigned place = 1; place <= 3; ++place) {
    run.outstanding().add(place, {.duration = wall.count(), .start = 0, .index = place});
  }
  run.worker_lane(0, 0).turn(part::working, 1000);
  run.end({.produced = 3, .succeeded = 3, .wall = wall, .workers = 2}, nullptr, wall.count());
  const verdict v = parwork::detail::judge(run);
  EXPECT_EQ(v.bound, "outstanding");
  EXPECT_TRUE(advises(v, "options::queue"));
}

TEST(verdict, a_tail_names_the_longest_item) {
  recording run(std::size_t{1} << 20, "");
  run.begin({.workers = 2, .queue = 200}, 0);
  auto& early = run.worker_lane(0, 0);
  auto& late = run.worker_lane(1, 0);
  early.add_span({.duration = 200'000'000, .start = 0});
  late.add_span({.duration = wall.count(), .start = 0});
  late.add_attempt({.duration = wall.count(), .index = 7, .name = "big.iso"});
  run.end({.produced = 20, .succeeded = 20, .wall = wall, .workers = 2}, nullptr, wall.count());
  const verdict v = parwork::detail::judge(run);
  EXPECT_EQ(v.bound, "balanced");
  EXPECT_NE(v.detail.find("'big.iso', took 1 s"), std::string::npos) << v.detail;
  EXPECT_TRUE(advises(v, "long items first"));
  EXPECT_NEAR(v.best_factor.value_or(0), 1, 0.01);  // its longest item is as long as the run
}

TEST(verdict, a_worker_that_the_generator_left_idle_is_no_tail) {
  recording run(std::size_t{1} << 20, "");
  run.begin({.workers = 2, .queue = 200}, 0);
  auto& once = run.worker_lane(0, 0);
  auto& puller = run.worker_lane(1, 0);
  once.turn(part::working, 50'000);
  once.add_attempt({.duration = 50'000, .index = 0, .name = "first"});
  once.turn(part::nothing, wall.count());
  for (std::int64_t i = 1; i <= 10; ++i) {
    puller.turn(part::pulling, i * 100'000'000 - 12'000'000);
    puller.turn(part::working, i * 100'000'000);
    puller.add_span({.duration = 12'000'000, .start = i * 100'000'000 - 12'000'000});
  }
  run.end({.produced = 11, .succeeded = 11, .wall = wall, .workers = 2}, nullptr, wall.count());
  const verdict v = parwork::detail::judge(run);
  EXPECT_NE(v.headline.find("Held back by its generator"), std::string::npos) << v.headline;
}

TEST(verdict, of_no_items) { EXPECT_EQ(made_up{.items = 0}.judged().bound, "nothing"); }

// --- Runs by hand ---

std::string by_hand(double busy, double waiting_for_input, std::optional<nanoseconds> cpu = {}) {
  parwork::recorder recorded;
  recorded.begin({.workers = 4, .item = "job", .lane = "slot"});
  const nanoseconds each(static_cast<std::int64_t>(busy * 1e9 / 10));
  for (unsigned lane = 1; lane <= 4; ++lane) {
    for (int i = 0; i < 10; ++i) {
      recorded.add({.lane = lane, .start = i * 100ms, .duration = each});
    }
  }
  const summary run = recorded.finish(
      {.produced = 40, .succeeded = 40, .wall = wall, .generator_share = waiting_for_input}, cpu);
  EXPECT_NEAR(run.work_share, busy, 1e-6);
  return recorded.verdict();
}

TEST(verdict, a_run_by_hand_speaks_of_its_own_words) {
  const std::string text = by_hand(0.97, 0, nanoseconds(100ms));
  EXPECT_NE(text.find("4 slots busy 97 % of the time"), std::string::npos) << text;
  EXPECT_NE(text.find("Use more slots"), std::string::npos) << text;
  EXPECT_EQ(text.find("worker"), std::string::npos) << text;
  EXPECT_EQ(text.find("parwork::"), std::string::npos) << text;
}

TEST(verdict, a_run_by_hand_that_uses_its_cpus_is_not_told_to_use_more_slots) {
  const std::string text = by_hand(0.97, 0, nanoseconds(1s) * parwork::available_cpus());
  EXPECT_EQ(text.find("Use more slots"), std::string::npos) << text;
}

TEST(verdict, a_run_by_hand_may_be_bound_by_its_input) {
  const std::string text = by_hand(0.2, 0.75);
  EXPECT_NE(text.find("Bound by its input"), std::string::npos) << text;
  EXPECT_NE(text.find("75 % of the time"), std::string::npos) << text;
}

std::string judged_with(nanoseconds cpu, nanoseconds delayed) {
  parwork::recorder recorded;
  recorded.begin({.workers = 2, .item = "job", .lane = "slot"});
  for (unsigned lane = 1; lane <= 2; ++lane) recorded.add({.lane = lane, .duration = wall});
  static_cast<void>(recorded.finish({.produced = 2, .succeeded = 2, .wall = wall}, cpu, delayed));
  return recorded.verdict();
}

TEST(verdict, a_run_by_hand_whose_jobs_wait_for_a_cpu_is_not_told_to_use_more_slots) {
  const std::string text = judged_with(600ms, 1300ms);
  EXPECT_EQ(text.find("Use more slots"), std::string::npos) << text;
  EXPECT_NE(text.find("Give the run CPUs of its own: For 65 % of their busy time jobs were ready"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("more slots than CPUs"), std::string::npos) << text;
}

TEST(verdict, a_run_by_hand_whose_jobs_wait_for_something_else_is_told_to_use_more_slots) {
  const std::string text = judged_with(100ms, 50ms);
  EXPECT_NE(text.find("Use more slots"), std::string::npos) << text;
}

// Two slots for a second; the first attempt takes a third of their time and ends as told.
std::string judged_with_lost(parwork::attempt_end end, parwork::failure_kind kind,
                             nanoseconds took = 700ms) {
  parwork::recorder recorded;
  recorded.begin({.workers = 2, .item = "job", .lane = "slot"});
  recorded.add({.lane = 1, .duration = took, .end = end, .why = parwork::failure(kind, "why")});
  recorded.add({.lane = 1, .index = 1, .start = took, .duration = wall - took});
  recorded.add({.lane = 2, .index = 2, .duration = wall});
  const bool failed = end == parwork::attempt_end::failed;
  static_cast<void>(recorded.finish(
      {.produced = 3, .succeeded = failed ? 2U : 3U, .failed = failed ? 1U : 0U, .wall = wall}));
  return recorded.verdict();
}

TEST(verdict, says_first_that_attempts_came_to_nothing) {
  using enum parwork::attempt_end;
  using parwork::failure_kind;
  for (const auto end : {failed, repeated}) {
    const std::string late = judged_with_lost(end, failure_kind::timeout);
    EXPECT_TRUE(late.starts_with("Attempts that timed out took 35 % of the slots' time. Bound by"))
        << late;
    EXPECT_NE(late.find("Look at the attempts that timed out: Their time"), std::string::npos);
    const std::string bad = judged_with_lost(end, failure_kind::error);
    EXPECT_TRUE(bad.starts_with("Attempts that failed took 35 %")) << bad;
    EXPECT_EQ(bad.find("timeout"), std::string::npos) << bad;
  }
}

TEST(verdict, blames_neither_few_failures_nor_what_was_cut_off) {
  using parwork::attempt_end;
  using parwork::failure_kind;
  const std::string few = judged_with_lost(attempt_end::failed, failure_kind::timeout, 100ms);
  EXPECT_TRUE(few.starts_with("Bound by its jobs")) << few;
  const std::string cut = judged_with_lost(attempt_end::failed, failure_kind::cancelled);
  EXPECT_TRUE(cut.starts_with("Bound by its jobs")) << cut;
}

TEST(verdict, of_workers_counts_the_time_of_failed_attempts_too) {
  using parwork::detail::attempt_result;
  recording run(std::size_t{1} << 20, "");
  run.begin({.workers = 1, .queue = 2}, 0);
  parwork::detail::lane_set& under_way = run.outstanding();
  under_way.add(1, {.duration = wall.count() / 2, .how = attempt_result::timed_out});
  run.end({.produced = 1, .failed = 1, .wall = wall, .workers = 1}, nullptr, wall.count());
  const verdict v = parwork::detail::judge(run);
  EXPECT_EQ(v.headline, "Attempts that timed out took 50 % of the workers' time.");
}

}  // namespace
