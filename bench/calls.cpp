// What one call costs: few short items, where starting and waking threads is all there is to see.
//
// Two ways of calling: one call after the other, and a single call after a pause in which every
// thread has gone to sleep, as a program calls that has other things to do. Peers take turns in
// blocks. Metrics: in_a_row_ns and after_a_pause_ns, a call.

#include <parwork/parwork.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "peers/parwork.hpp"
#include "peers/plain.hpp"
#include "peers/setup.hpp"
#include "peers/thread_pool.hpp"
#include "support/arguments.hpp"
#include "support/load.hpp"
#include "support/program.hpp"
#include "support/quiet.hpp"
#include "support/results.hpp"
#include "support/statistics.hpp"
#if PARWORK_BENCH_TBB
#include "peers/tbb.hpp"
#endif

namespace {

using namespace bench;

constexpr const char* usage =
    R"(usage: bench_calls [--option value]...
  --rounds N        blocks of calls for each peer (default 40)
  --grain-ns N      length of an item (default 1000)
  --pause-us N      the pause before a single call (default 2000)
)";

struct settings {
  std::uint64_t grain_ns;
  std::chrono::microseconds pause;
  setup common;
  grain_steps steps;
};

/// Calls made in a row in one block.
constexpr int block = 10;

/// One call over `count` items; returns what the collector saw.
using call = std::function<tally(std::uint64_t count)>;

struct contender {
  subject who;
  call once;
  /// Runs `measure` where the call is to be made from; empty: right here.
  std::function<void(const std::function<void()>&)> within = {};
};

template <class Peer>
call calling(Peer peer, const grain_steps& steps) {
  return [peer, steps](std::uint64_t count) mutable {
    source generate(count);
    kernel work(steps);
    tally collect;
    peer.run(generate, work, collect);
    return collect;
  };
}

#if PARWORK_BENCH_TBB
call calling_indices(peers::tbb_for peer, const grain_steps& steps) {
  return [peer, kern = kernel(steps)](std::uint64_t count) mutable {
    auto work = [&kern](std::uint64_t index) {
      item it;
      fill(it, index);
      return kern(it);
    };
    return peer.run_indices<tally>(count, work);
  };
}
#endif

// Inside the work of another run of one item, as a library does that was called by one.
void within_a_run(const setup& s, const std::function<void()>& measure) {
  peers::parwork_results outer(s);
  source one(1);
  auto work = [&measure](const item&) {
    measure();
    return std::uint64_t{0};
  };
  tally collect;
  outer.run(one, work, collect);
}

/// Futures keep their pool between calls, as every program with a thread pool does.
struct shared_futures {
  peers::futures* pool;
  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    pool->run(generate, work, collect);
  }
};

std::vector<contender> contenders(const settings& s, peers::futures& pool) {
  return {
      {{"plain", "plain loop"}, calling(peers::plain(s.common), s.steps)},
      {{"parwork", "parwork"}, calling(peers::parwork_results(s.common), s.steps)},
      {{"parwork-nested", "parwork, nested in another run"},
       calling(peers::parwork_results(s.common), s.steps),
       [&s](const std::function<void()>& measure) { within_a_run(s.common, measure); }},
#if PARWORK_BENCH_TBB
      {{"tbb", "oneTBB pipeline, per item"}, calling(peers::tbb_pipeline(s.common), s.steps)},
      {{"tbb-for", "tbb::parallel_for"}, calling_indices(peers::tbb_for(s.common), s.steps)},
#endif
      {{"futures", "thread pool with futures"}, calling(shared_futures{&pool}, s.steps)},
  };
}

// `right`: what a call is to collect.
void measure_block(const contender& c, const tally& right, std::chrono::microseconds pause,
                   results& into) {
  const std::string count = std::to_string(right.count);
  tally collected;
  const auto measure = [&] {
    std::this_thread::sleep_for(pause);
    const stopwatch single;
    collected.merge(c.once(right.count));
    const double after_a_pause = single.ns();
    const stopwatch several;
    for (int i = 0; i < block; ++i) {
      collected.merge(c.once(right.count));
    }
    const double in_a_row = several.ns() / block;
    into.add_sample(c.who, count, "in_a_row_ns", in_a_row);
    into.add_sample(c.who, count, "after_a_pause_ns", after_a_pause);
  };
  if (c.within) {
    c.within(measure);
  } else {
    measure();
  }
  if (collected.count != (block + 1) * right.count || collected.sum != (block + 1) * right.sum) {
    throw std::runtime_error(c.who.label + " lost or changed results");
  }
}

settings parse(arguments& args) {
  settings s{};
  s.grain_ns = args.number("grain-ns", 1000);
  s.pause = std::chrono::microseconds(args.number("pause-us", 2000));
  s.common = common_setup(args);
  s.steps = {.usual = steps_for(static_cast<double>(s.grain_ns))};
  return s;
}

results run(int argc, char** argv) {
  arguments args(argc, argv, std::string(usage) + common_usage);
  const settings s = parse(args);
  interleaved rounds(args, 40);
  peers::futures pool(s.common);
  const std::vector<contender> all = contenders(s, pool);
  std::vector<tally> right;
  for (const std::uint64_t count : {0, 1, 100, 1000}) {
    right.push_back(plain_tally(count, s.steps));
  }
  results found("calls");
  add_conditions(found, s.common);
  found.condition("grain_ns", static_cast<double>(s.grain_ns));
  found.condition("pause_us", static_cast<double>(s.pause.count()));
  rounds.measure(found, [&](quiet_moments& quiet) {
    quiet.wait();
    for (const tally& expected : right) {
      for (const contender& c : all) {
        measure_block(c, expected, s.pause, found);
      }
    }
  });
  return found;
}

}  // namespace

int main(int argc, char** argv) { return run_program(argc, argv, run); }
