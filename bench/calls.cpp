// What one call costs: few short items, where starting and waking threads is all there is to see.
//
// Two ways of calling: one call after the other, and a single call after a pause in which every
// thread has gone to sleep, as a program calls that has other things to do. Peers take turns in
// blocks.

#include <parwork/parwork.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <optional>
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
#include "support/statistics.hpp"
#include "support/table.hpp"
#ifdef PARWORK_BENCH_TBB
#include "peers/tbb.hpp"
#endif

namespace {

using namespace bench;

constexpr const char* usage =
    R"(usage: bench_calls [--option value]...
  --rounds N      blocks of calls for each peer (default 40)
  --grain-ns N    length of an item (default 1000)
  --pause-us N    the pause before a single call (default 2000)
  --workers N     (default: the CPUs that this process may use)
)";

struct settings {
  std::uint64_t rounds;
  std::uint64_t grain_ns;
  std::chrono::microseconds pause;
  setup common;
  std::uint64_t steps;
};

/// Calls made in a row in one block.
constexpr int block = 10;

/// The goals in the table are for items of this length.
constexpr std::uint64_t goals_grain_ns = 1000;

/// One call over `count` items; throws where the collector did not see all of them.
using call = std::function<void(std::uint64_t count)>;

struct contender {
  std::string label;
  call once;
  /// Runs `measure` where the call is to be made from; empty: right here.
  std::function<void(const std::function<void()>&)> within = {};
};

template <class Peer>
call calling(Peer peer, std::uint64_t steps) {
  return [peer, steps](std::uint64_t count) mutable {
    source generate(count);
    kernel work(steps);
    tally collect;
    peer.run(generate, work, collect);
    keep(collect);
    if (collect.count != count) {
      throw std::runtime_error("items were lost");
    }
  };
}

#ifdef PARWORK_BENCH_TBB
call calling_indices(peers::tbb_for peer, std::uint64_t steps) {
  return [peer, kern = kernel(steps)](std::uint64_t count) mutable {
    auto work = [&kern](std::uint64_t index) {
      item it;
      fill(it, index);
      return kern(it);
    };
    const tally collected = peer.run_indices<tally>(count, work);
    keep(collected);
    if (collected.count != count) {
      throw std::runtime_error("items were lost");
    }
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
      {"plain loop", calling(peers::plain(s.common), s.steps)},
      {"parwork", calling(peers::parwork_results(s.common), s.steps)},
      {"parwork, nested in another run", calling(peers::parwork_results(s.common), s.steps),
       [&s](const std::function<void()>& measure) { within_a_run(s.common, measure); }},
#ifdef PARWORK_BENCH_TBB
      {"oneTBB pipeline, per item", calling(peers::tbb_pipeline(s.common), s.steps)},
      {"tbb::parallel_for", calling_indices(peers::tbb_for(s.common), s.steps)},
#endif
      {"thread pool with futures", calling(shared_futures{&pool}, s.steps)},
  };
}

struct samples {
  std::vector<double> in_a_row;
  std::vector<double> after_a_pause;
};

void measure_block(const contender& c, std::uint64_t count, std::chrono::microseconds pause,
                   samples& into) {
  const auto measure = [&] {
    std::this_thread::sleep_for(pause);
    const stopwatch single;
    c.once(count);
    into.after_a_pause.push_back(single.ns());
    const stopwatch several;
    for (int i = 0; i < block; ++i) {
      c.once(count);
    }
    into.in_a_row.push_back(several.ns() / block);
  };
  if (c.within) {
    c.within(measure);
  } else {
    measure();
  }
}

settings parse(int argc, char** argv) {
  arguments args(argc, argv, usage);
  settings s{};
  s.rounds = args.number("rounds", 40);
  s.grain_ns = args.number("grain-ns", goals_grain_ns);
  s.pause = std::chrono::microseconds(args.number("pause-us", 2000));
  s.common.workers =
      static_cast<unsigned>(args.number("workers", parwork::available_cpus(), 1, 4096));
  s.common.queue = 100UL * s.common.workers;
  s.steps = steps_for(static_cast<double>(s.grain_ns));
  args.done();
  return s;
}

void print(const std::vector<contender>& all, const std::vector<std::uint64_t>& counts,
           std::uint64_t grain_ns, const std::vector<std::vector<samples>>& measured,
           const std::string& title, std::vector<double> samples::* way) {
  std::vector<std::string> header{title};
  for (const std::uint64_t count : counts) {
    header.push_back(std::to_string(count) + (count == 1 ? " item" : " items"));
    header.emplace_back("ratio");
  }
  table t(header);
  for (std::size_t c = 0; c < all.size(); ++c) {
    std::vector<std::string> line{all[c].label};
    for (std::size_t n = 0; n < counts.size(); ++n) {
      const double ns = median(measured[c][n].*way);
      line.push_back(readable_ns(ns));
      line.push_back(fixed(ns / median(measured.front()[n].*way), 2));
    }
    t.add(line);
  }
  if (grain_ns == goals_grain_ns) {
    t.add({"*goal for parwork*", "", "", "3 us", "", "", "1.00", "", "0.62"});
  }
  std::cout << t << '\n';
}

int run(int argc, char** argv) {
  const settings s = parse(argc, argv);
  peers::futures pool(s.common);
  const std::vector<contender> all = contenders(s, pool);
  const std::vector<std::uint64_t> counts{0, 1, 100, 1000};
  std::vector<std::vector<samples>> measured(all.size(), std::vector<samples>(counts.size()));
  for (std::uint64_t round = 0; round < s.rounds; ++round) {
    for (std::size_t n = 0; n < counts.size(); ++n) {
      for (std::size_t c = 0; c < all.size(); ++c) {
        measure_block(all[c], counts[n], s.pause, measured[c][n]);
      }
    }
  }
  std::cout << "One call over few items of " << s.grain_ns << " ns, " << s.common.workers
            << " workers; ratios are to the plain loop; medians of " << s.rounds
            << " interleaved blocks.\n\n";
  print(all, counts, s.grain_ns, measured, "call after call", &samples::in_a_row);
  print(all, counts, s.grain_ns, measured,
        "after a pause of " + std::to_string(s.pause.count()) + " us", &samples::after_a_pause);
  std::cout << std::flush;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_calls: %s\n", e.what());
    return 1;
  }
}
