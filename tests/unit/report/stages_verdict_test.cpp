// What is said of runs whose items waited for each other, with times that were made up.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "recording/recording.hpp"
#include "report/verdict.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::bottleneck;
using parwork::detail::judge;
using parwork::detail::part;
using parwork::detail::recording;
using parwork::detail::verdict;

constexpr std::int64_t lines_wall = 1'000'000'000;  // nanoseconds

/// A run of a second, in two stages, the second of which is limited. Times are in seconds.
struct run_with_lines {
  unsigned workers = 4;
  double busy = 0.4;     // of each worker, at the end of the run
  unsigned limit = 1;    // of stage 1
  double in_stage = 0;   // of all workers, in stage 1
  double for_place = 0;  // waited, of all items
  double for_turn = 0;   // the same; 0: there are no keys
  bottleneck bound = bottleneck::balanced;

  static std::int64_t of(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

  /// As if so much had been waited: a wait that was withdrawn later than it began.
  static void wait(parwork::detail::wait_record& in, double seconds) {
    in.withdraw(in.begin() + of(seconds));
  }

  [[nodiscard]] verdict judged() const {
    recording run(std::size_t{1} << 20, "");
    run.begin({.workers = workers, .queue = 400}, 0);
    run.work().set_stages(std::array{0U, limit});
    wait(run.work().waits_of(1), for_place);
    if (for_turn > 0) {
      run.work().set_turns();
      wait(run.work().turns(), for_turn);
    }
    for (unsigned number = 0; number < workers; ++number) {
      auto& lane = run.worker_lane(number, 0);
      lane.turn(part::nothing, lines_wall - of(busy));
      lane.add_span({.duration = of(busy), .start = lane.end(), .index = number});
      lane.add_to_stage(0, of(busy - in_stage / workers));
      lane.add_to_stage(1, of(in_stage / workers));
      for (int i = 0; i < 250; ++i) lane.add_attempt({.duration = of(busy) / 250});
    }
    run.end({.produced = 1000,
             .succeeded = 1000,
             .wall = 1s,
             .workers = workers,
             .peak_in_flight = 100,
             .bound = bound},
            nullptr, lines_wall, std::chrono::nanoseconds(of(busy * workers)));
    return judge(run);
  }
};

/// Why, of the advice that begins like that; empty: there is none.
std::string lines_advice(const verdict& v, const std::string& begin) {
  for (const auto& each : v.advices) {
    if (each.what.starts_with(begin)) return each.why;
  }
  return {};
}

TEST(stages_verdict, a_full_stage_that_leaves_workers_idle_is_named_with_what_more_places_bring) {
  // 0.95 of 1.6 seconds of work: with 4 workers it needs 2.4 of them.
  const verdict v = run_with_lines{.in_stage = 0.95, .for_place = 12}.judged();
  EXPECT_EQ(v.bound, "balanced");
  EXPECT_EQ(v.headline,
            "Held back by the limit of stage 1: the workers were idle 60 % of the time.");
  EXPECT_EQ(lines_advice(v, "Raise the limit of stage 1, which is 1"),
            "On average 12 items waited for its only place, busy 95 % of the time. With 3, if what "
            "it is limited for allows that, the run could be up to 2.5 times as fast on as many "
            "workers.");
}

TEST(stages_verdict, a_work_bound_run_with_a_full_stage_is_not_promised_much_of_more_workers) {
  const verdict v =
      run_with_lines{
          .workers = 2, .busy = 0.98, .in_stage = 0.97, .for_place = 5, .bound = bottleneck::work}
          .judged();
  EXPECT_EQ(v.bound, "work");
  EXPECT_EQ(
      v.detail,
      "More workers would help little: stage 1 (its only place busy 97 % of the time) is close "
      "to its limit, too.");
  EXPECT_EQ(
      lines_advice(v, "Raise the limit of stage 1"),
      "On average 5 items waited for its only place, busy 97 % of the time. More workers help "
      "only with more places, or a cheaper stage.");
  EXPECT_EQ(v.advices.front().what, "Raise the limit of stage 1, which is 1");
}

TEST(stages_verdict, several_places_bound_how_many_workers_help) {
  const verdict v = run_with_lines{.workers = 4,
                                   .busy = 0.98,
                                   .limit = 2,
                                   .in_stage = 1.2,
                                   .for_place = 2,
                                   .bound = bottleneck::work}
                        .judged();
  EXPECT_EQ(v.detail,
            "More cores would help up to about 7 workers; then stage 1 (its 2 places busy 60 % of "
            "the time) bounds the run.");
}

TEST(stages_verdict, a_limit_that_nobody_waits_for_is_not_blamed) {
  EXPECT_EQ(lines_advice(run_with_lines{.in_stage = 0.95, .for_place = 0.5}.judged(), "Raise"), "");
  EXPECT_EQ(lines_advice(run_with_lines{.in_stage = 0.3, .for_place = 5}.judged(), "Raise"), "");
}

TEST(stages_verdict, few_keys_are_named_where_items_wait_for_their_turn) {
  const verdict v = run_with_lines{.for_turn = 20}.judged();
  EXPECT_EQ(v.headline,
            "Held back by items of equal keys: the workers were idle 60 % of the time.");
  EXPECT_NE(v.detail.find("On average 20 items waited"), std::string::npos) << v.detail;
  EXPECT_NE(v.detail.find("few keys are busy"), std::string::npos) << v.detail;
  EXPECT_NE(lines_advice(v, "Use finer keys").find("at most 400 of them"), std::string::npos);
  EXPECT_EQ(lines_advice(run_with_lines{.for_turn = 0.5}.judged(), "Use finer keys"), "");
  const run_with_lines busy{.busy = 0.98, .for_turn = 20, .bound = bottleneck::work};
  EXPECT_EQ(lines_advice(busy.judged(), "Use finer keys"), "");
}

}  // namespace
