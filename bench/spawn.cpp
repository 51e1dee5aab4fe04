// Items that find more items: fib(n) the naive way, an item for each call, as the smallest work
// that spawns.
//
// Twice: down to the last call, where a spawned item does next to nothing and all the time is the
// machinery's; and with a cutoff below which an item computes by plain recursion, as such code is
// written. Peers take turns. Metrics: ns and cpu_ns, per spawned item, and run_ms.

#include <parwork/parwork.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "peers/parwork.hpp"
#include "peers/setup.hpp"
#include "support/arguments.hpp"
#include "support/cpu_time.hpp"
#include "support/program.hpp"
#include "support/quiet.hpp"
#include "support/results.hpp"
#include "support/statistics.hpp"
#if PARWORK_BENCH_TBB
#include <oneapi/tbb/task_group.h>

#include "peers/tbb.hpp"
#endif

namespace {

using namespace bench;

constexpr const char* usage =
    R"(usage: bench_spawn [--option value]...
  --rounds N        measurements of each peer, interleaved (default 9)
  --n N             the number whose fib is computed (default 30)
  --cutoff N        plain recursion from here down in the second case (default 16)
)";

struct settings {
  unsigned n = 0;
  unsigned cutoff = 0;
  setup common;
};

[[gnu::noinline]] std::uint64_t fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

/// Computes fib(n) with an item for each call above `cutoff`, and for the first ones from it down.
using computation = std::function<std::uint64_t(unsigned n, unsigned cutoff)>;

std::uint64_t items_of(unsigned n, unsigned cutoff) {
  return n <= cutoff ? 1 : 1 + items_of(n - 1, cutoff) + items_of(n - 2, cutoff);
}

class by_parwork {
 public:
  explicit by_parwork(const setup& s) : options_(peers::parwork_options(s)) {}

  std::uint64_t operator()(unsigned n, unsigned cutoff) const {
    auto sum = parwork::reduce(
        std::uint64_t{0}, [](std::uint64_t& into, std::uint64_t part) { into += part; },
        [](std::uint64_t& into, std::uint64_t part) { into += part; });
    auto first = [next = std::optional(n)]() mutable { return std::exchange(next, std::nullopt); };
    const auto work = [cutoff](unsigned number, parwork::context& run) -> std::uint64_t {
      if (number <= cutoff) {
        return fib(number);
      }
      run.spawn(number - 1);
      run.spawn(number - 2);
      return 0;
    };
    static_cast<void>(parwork::process(first, work, sum, options_));
    return sum.value();
  }

 private:
  parwork::options options_;
};

#if PARWORK_BENCH_TBB
class by_task_group {
 public:
  explicit by_task_group(const setup& s) : workers_(s.workers) {}

  std::uint64_t operator()(unsigned n, unsigned cutoff) const {
    return peers::tbb_arena(workers_).execute([&] { return call(n, cutoff); });
  }

 private:
  // As oneTBB's own examples do it: one half is a task, the other an ordinary call.
  static std::uint64_t call(unsigned n, unsigned cutoff) {
    if (n <= cutoff) {
      return fib(n);
    }
    std::uint64_t left = 0;
    tbb::task_group group;
    group.run([&left, n, cutoff] { left = call(n - 1, cutoff); });
    const std::uint64_t right = call(n - 2, cutoff);
    group.wait();
    return left + right;
  }

  unsigned workers_;
};
#endif

struct contender {
  subject who;
  computation compute;
};

std::vector<contender> contenders(const setup& s) {
  return {
      {{"plain", "plain recursion"}, [](unsigned n, unsigned) { return fib(n); }},
      {{"parwork", "parwork, spawn and reduce"}, by_parwork(s)},
#if PARWORK_BENCH_TBB
      {{"tbb", "tbb::task_group"}, by_task_group(s)},
#endif
  };
}

void measure(const contender& c, unsigned n, unsigned cutoff, const std::string& name,
             results& into) {
  const auto items = static_cast<double>(items_of(n, cutoff));
  settle();
  const cpu_watch cpu;
  const stopwatch watch;
  const std::uint64_t found = c.compute(n, cutoff);
  const double ns = watch.ns();
  const double cpu_ns = cpu.ns();
  if (found != fib(n)) {
    throw std::runtime_error(c.who.label + " computed a wrong fib");
  }
  into.add_sample(c.who, name, "ns", ns / items);
  into.add_sample(c.who, name, "cpu_ns", cpu_ns / items);
  into.add_sample(c.who, name, "run_ms", ns / 1e6);
}

settings parse(arguments& args) {
  settings s;
  s.n = static_cast<unsigned>(args.number("n", 30, 2, 45));
  s.cutoff = static_cast<unsigned>(args.number("cutoff", 16, 1, 45));
  s.common = common_setup(args);
  return s;
}

results run(int argc, char** argv) {
  arguments args(argc, argv, std::string(usage) + common_usage);
  const settings s = parse(args);
  interleaved rounds(args, 9);
  results found("spawn");
  add_conditions(found, s.common);
  found.condition("n", s.n);
  found.condition("cutoff", s.cutoff);
  found.condition("items_every_call", static_cast<double>(items_of(s.n, 1)));
  found.condition("items_cutoff", static_cast<double>(items_of(s.n, s.cutoff)));
  const std::vector<contender> all = contenders(s.common);
  rounds.measure(found, [&](quiet_moments& quiet) {
    quiet.wait();
    for (const contender& c : all) {
      measure(c, s.n, 1, "every call", found);
    }
    for (const contender& c : all) {
      measure(c, s.n, s.cutoff, "cutoff", found);
    }
  });
  return found;
}

}  // namespace

int main(int argc, char** argv) { return run_program(argc, argv, run); }
