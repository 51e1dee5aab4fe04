// The verdict and the shares of a summary agree with what was built into the run: a generator, work
// or a collector that takes nearly all of the time, or none of them, for calls of 100 ns to 10 ms.
//
// Times themselves are never asserted. Every call adds up how long it took by the clock, and what
// the summary says is compared with that truth, from the same run:
// - A share may be below its truth by `lost`: the engine sees each call from outside, so all it can
//   miss is the granularity of its clock readings.
// - A share may be above its truth, since what the engine does for an item counts as the part that
//   it does it for: by `engine_slack`, by the engine's measured cost of an item over the item's
//   length (which is what a sanitizer makes dearer), and by what the run lost to other load. That
//   is the time in which its threads were ready and had no core, which the kernel counts, and for
//   what the kernel cannot see, a busy host, the share of the calls' own time in which they were
//   held up.
// - A part that one thread at a time is in has at most one worker's share of the time, however
//   loaded the machine is, and all the shares together are the whole.
// What limits a run is the part whose truth reaches the threshold. Nothing is asked of the verdict
// where the truth is nearer to it than those tolerances.
//
// Other load can always push one run over its tolerance, a wrong attribution is there every time:
// a case fails when `attempts` runs in a row do not agree.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "parwork/parwork.hpp"
#include "support/os_threads.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::bottleneck;
using parwork::bottleneck_threshold;
using parwork::context;
using parwork::ordering;
using parwork::summary;
using std::chrono::nanoseconds;
using clock = std::chrono::steady_clock;

constexpr double lost = 0.03;
constexpr double engine_slack = 0.10;
constexpr int attempts = 5;
constexpr unsigned workers = 2;

// A call that took this much longer than it should was held up by something else.
constexpr nanoseconds held_up_from = 5us;
// With less than this share of the time lost to other load a run counts as undisturbed.
constexpr double undisturbed = 0.05;
// From this length on the engine's own cost does not decide whether a part reaches the threshold.
constexpr nanoseconds outweighs_the_engine = 1us;

/// Of two readings of the clock one is outside of what they measure.
nanoseconds cost_of_reading() {
  static const nanoseconds cost = [] {
    constexpr int readings = 1000;
    nanoseconds least = nanoseconds::max();
    for (int round = 0; round < 20; ++round) {
      const auto began = clock::now();
      auto last = began;
      for (int i = 0; i < readings; ++i) last = clock::now();
      least = std::min<nanoseconds>(least, (last - began) / readings);
    }
    return least;
  }();
  return cost;
}

/// What an item of no length costs on one worker.
nanoseconds cost_of_engine() {
  static const nanoseconds cost = [] {
    constexpr int items = 20'000;
    nanoseconds least = nanoseconds::max();
    for (int round = 0; round < 5; ++round) {
      const summary run = parwork::process(
          [left = items]() mutable -> std::optional<int> {
            return left > 0 ? std::optional(left--) : std::nullopt;
          },
          [](int item) { return item; }, [](int) {}, {.workers = 1});
      least = std::min(least, run.wall / items);
    }
    return least;
  }();
  return cost;
}

/// How long the calls of one part have taken. One thread at a time.
struct alignas(64) truth {
  nanoseconds taken{0};
  nanoseconds held_up{0};

  /// A call of this length; of none at all where it is zero.
  void spend(nanoseconds length) {
    if (length == 0ns) return;
    const auto began = clock::now();
    auto now = began;
    while (now - began < length) now = clock::now();
    const nanoseconds took = now - began + cost_of_reading();
    taken += took;
    if (took > length + held_up_from) held_up += took - length;
  }
};

/// How long each part's calls should take.
struct known_load {
  nanoseconds generator;
  nanoseconds work;
  nanoseconds collector;

  nanoseconds item() const { return generator + work + collector; }
};

/// The part in question takes `grain`, the others next to nothing: so it is what limits the run
/// even where one worker does everything, which no scheduling can change. Calls shorter than a few
/// clock readings cannot be measured and are left out. Balanced: with two workers each serial part
/// is busy for two thirds of the time.
known_load built_in(bottleneck kind, nanoseconds grain) {
  constexpr auto shortest = 100ns;
  const auto rest = grain / 100 < shortest ? 0ns : grain / 100;
  switch (kind) {
    case bottleneck::generator:
      return {grain, rest, rest};
    case bottleneck::work:
      return {rest, grain, rest};
    case bottleneck::collector:
      return {rest, rest, grain};
    case bottleneck::balanced:
      break;
  }
  return {grain, grain, grain};
}

/// One run, and what its calls know of it.
struct outcome {
  summary run;
  truth generator;
  std::array<truth, workers> work;
  truth collector;
  nanoseconds waited{0};  // for a core

  nanoseconds work_taken() const { return work[0].taken + work[1].taken; }

  /// The part of the workers' time that was spent so.
  double share(nanoseconds taken) const {
    return std::chrono::duration<double>(taken) /
           (std::chrono::duration<double>(run.wall) * workers);
  }

  /// The part of the workers' time that other load took.
  double disturbance() const {
    const auto held_up = generator.held_up + work[0].held_up + work[1].held_up + collector.held_up;
    return share(waited) +
           std::chrono::duration<double>(held_up) /
               std::chrono::duration<double>(generator.taken + work_taken() + collector.taken);
  }
};

outcome run_with(const known_load& lengths, ordering order) {
  constexpr nanoseconds about = 100ms;
  auto left = std::clamp<std::int64_t>(about / lengths.item(), 30, 200'000);
  outcome all;
  const nanoseconds waited_before = parwork_test::waited_for_cores();
  all.run = parwork::process(
      [&]() -> std::optional<int> {
        if (left == 0) return std::nullopt;
        --left;
        all.generator.spend(lengths.generator);
        return 0;
      },
      [&](int item, context& ctx) {
        all.work[ctx.worker()].spend(lengths.work);
        return item;
      },
      [&](int) { all.collector.spend(lengths.collector); }, {.workers = workers, .order = order});
  all.waited = parwork_test::waited_for_cores() - waited_before;
  return all;
}

/// What a run's summary says that its calls know better.
class complaints {
 public:
  complaints(const outcome& one, const known_load& lengths)
      : one_(one),
        above_(engine_slack + one.disturbance() +
               std::chrono::duration<double>(cost_of_engine()) /
                   std::chrono::duration<double>(lengths.item())) {}

  void check_shares() {
    const summary& run = one_.run;
    check_share("generator", run.generator_share, one_.generator.taken);
    check_share("work", run.work_share, one_.work_taken());
    check_share("collector", run.collector_share, one_.collector.taken);
    check_at_most("generator share", run.generator_share, 1.0 / workers);
    check_at_most("collector share", run.collector_share, 1.0 / workers);
    const double sum = run.generator_share + run.work_share + run.collector_share + run.idle_share;
    check_at_most("sum of the shares", sum, 1);
    if (sum < 1 - lost) say() << "the shares add up to " << sum;
  }

  /// Each part on its own: it is the verdict if it was occupied for the threshold, and is not if
  /// it was clearly occupied for less.
  void check_verdict(bottleneck kind, nanoseconds grain) {
    const double generator = workers * one_.share(one_.generator.taken);
    const double collector = workers * one_.share(one_.collector.taken);
    const double work = one_.share(one_.work_taken());
    check_part(bottleneck::generator, generator, workers);
    check_part(bottleneck::collector, collector, workers);
    check_part(bottleneck::work, work, 1);
    const bool is_clear = grain >= outweighs_the_engine && one_.disturbance() < undisturbed;
    if ((is_clear || kind == bottleneck::balanced) && one_.run.bound != kind) {
      say() << "the run is called " << one_.run.bound << ", built in was " << kind;
    }
  }

  std::string text() const { return text_.str(); }

 private:
  std::ostream& say() { return text_ << "\n- "; }

  void check_share(const char* part, double reported, nanoseconds taken) {
    const double known = one_.share(taken);
    if (reported < known - lost || reported > known + above_) {
      say() << part << " share " << reported << ", by its calls " << known << " (-" << lost << " +"
            << above_ << ")";
    }
  }

  void check_at_most(const char* what, double value, double limit) {
    if (value > limit + lost) say() << what << ' ' << value << ", which is more than " << limit;
  }

  void check_part(bottleneck part, double occupied, double scale) {
    const bool is_verdict = one_.run.bound == part;
    if (occupied >= bottleneck_threshold + scale * lost && !is_verdict) {
      say() << part << " was occupied for " << occupied << " and the run is called "
            << one_.run.bound;
    }
    if (occupied < bottleneck_threshold - scale * above_ && is_verdict) {
      say() << "the run is called " << part << ", which was occupied for " << occupied;
    }
  }

  const outcome& one_;
  const double above_;
  std::ostringstream text_;
};

using parameters = std::tuple<bottleneck, nanoseconds, ordering>;

class verdict : public testing::TestWithParam<parameters> {};

TEST_P(verdict, agrees_with_what_was_built_in) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  // There the engine's own code, and every wake-up, take a multiple of what they take elsewhere,
  // and count as the part that they are for.
  GTEST_SKIP() << "shares are compared in builds without sanitizers";
#endif
  const auto [kind, grain, order] = GetParam();
  const known_load lengths = built_in(kind, grain);
  std::string all;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    const outcome one = run_with(lengths, order);
    complaints found(one, lengths);
    found.check_shares();
    found.check_verdict(kind, grain);
    if (found.text().empty()) return;
    all += "\nAttempt " + std::to_string(attempt + 1) + ", " + std::to_string(one.disturbance()) +
           " of the time lost to other load:" + found.text();
  }
  ADD_FAILURE() << "An item costs the engine " << cost_of_engine().count() << " ns here." << all;
}

std::string name_of(const testing::TestParamInfo<parameters>& info) {
  const auto [kind, grain, order] = info.param;
  std::ostringstream name;
  name << kind << '_';
  if (grain < 1us) {
    name << grain.count() << "_ns";
  } else if (grain < 1ms) {
    name << grain / 1us << "_us";
  } else {
    name << grain / 1ms << "_ms";
  }
  name << (order == ordering::input ? "_input_order" : "_completion_order");
  return name.str();
}

INSTANTIATE_TEST_SUITE_P(
    all, verdict,
    testing::Combine(testing::Values(bottleneck::generator, bottleneck::work, bottleneck::collector,
                                     bottleneck::balanced),
                     testing::Values<nanoseconds>(100ns, 1us, 10us, 100us, 1ms, 10ms),
                     testing::Values(ordering::completion, ordering::input)),
    name_of);

// The verdict is made from the shares: one worker's share of the time is a serial part's whole
// time.
TEST_P(verdict, follows_from_the_shares) {
  const auto [kind, grain, order] = GetParam();
  const summary run = run_with(built_in(kind, std::min<nanoseconds>(grain, 1ms)), order).run;
  bottleneck expected = bottleneck::balanced;
  if (workers * run.generator_share >= bottleneck_threshold) {
    expected = bottleneck::generator;
  } else if (workers * run.collector_share >= bottleneck_threshold) {
    expected = bottleneck::collector;
  } else if (run.work_share >= bottleneck_threshold) {
    expected = bottleneck::work;
  }
  EXPECT_EQ(run.bound, expected) << run;
}

}  // namespace
