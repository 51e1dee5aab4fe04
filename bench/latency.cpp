// A generator that yields one item per millisecond: how long until its result is collected, and
// what waiting costs.
//
// Every measurement runs in a process of its own, so that the CPU time is that of one peer. A fixed
// batch waits until it is full; a thread that spins answers soon and burns a core: the metrics
// p50_ns, p99_ns and cpu_percent (of a core) belong together.

#include <parwork/parwork.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "peers/go_port.hpp"
#include "peers/parwork.hpp"
#include "peers/plain.hpp"
#include "peers/setup.hpp"
#include "support/arguments.hpp"
#include "support/child.hpp"
#include "support/cpu_time.hpp"
#include "support/program.hpp"
#include "support/quiet.hpp"
#include "support/results.hpp"
#include "support/statistics.hpp"
#if PARWORK_BENCH_TBB
#include "peers/tbb.hpp"
#endif

namespace {

using namespace bench;
using clock_type = std::chrono::steady_clock;

/// A time of the steady clock in nanoseconds: oneTBB's pipeline does not compile with a time_point
/// as an item.
using instant = std::chrono::nanoseconds::rep;

instant now() { return std::chrono::nanoseconds(clock_type::now().time_since_epoch()).count(); }

constexpr const char* usage =
    R"(usage: bench_latency [--option value]...
  --items N         items of a measurement (default 700)
  --period-us N     time between two items (default 1000)
  --rounds N        measurements of each peer, interleaved (default 3)
)";

struct settings {
  std::uint64_t items;
  std::chrono::microseconds period;
  setup common;
};

/// Yields at fixed times, each item the time at which the generator returned it.
class slow_source {
 public:
  slow_source(std::uint64_t count, std::chrono::microseconds period)
      : left_(count), period_(period), next_(clock_type::now() + period) {}

  std::optional<instant> operator()() {
    if (left_ == 0) {
      return std::nullopt;
    }
    --left_;
    std::this_thread::sleep_until(next_);
    next_ += period_;
    const instant returned = now();
    sum_ += returned;
    return returned;
  }

  /// Of all items so far.
  [[nodiscard]] instant sum() const { return sum_; }

 private:
  instant sum_ = 0;
  std::uint64_t left_;
  std::chrono::microseconds period_;
  clock_type::time_point next_;
};

struct stopped_times {
  std::vector<double> ns;
  instant sum = 0;

  void operator()(instant returned) {
    ns.push_back(static_cast<double>(now() - returned));
    sum += returned;
  }
};

struct figures {
  double p50;
  double p99;
  double cpu_percent;
};

template <class Peer>
figures measure(Peer peer, const settings& s) {
  const std::vector<double> sent = in_child([&] {
    slow_source generate(s.items, s.period);
    auto work = [](const instant& returned) { return returned; };
    stopped_times collect;
    collect.ns.reserve(s.items);
    const cpu_watch cpu;
    const stopwatch watch;
    peer.run(generate, work, collect);
    const double cpu_share = cpu.ns() / watch.ns();
    if (collect.ns.size() != s.items || collect.sum != generate.sum()) {
      throw std::runtime_error("items were lost or changed");
    }
    return std::vector<double>{percentile(collect.ns, 0.5), percentile(collect.ns, 0.99),
                               100 * cpu_share};
  });
  return {.p50 = sent.at(0), .p99 = sent.at(1), .cpu_percent = sent.at(2)};
}

struct contender {
  subject who;
  std::function<figures()> run;
};

template <class Peer>
contender contend(subject who, Peer peer, const settings& s) {
  return {std::move(who), [peer, &s] { return measure(peer, s); }};
}

peers::parwork_results with_own_thread(const setup& s) {
  peers::parwork_results peer(s);
  peer.options().generator_runs_on = parwork::runs_on::own_thread;
  return peer;
}

std::vector<contender> contenders(const settings& s) {
  setup in_order = s.common;
  in_order.order = delivery::input;
  std::vector<contender> all{
      contend({"plain", "plain loop"}, peers::plain(s.common), s),
      contend({"parwork", "parwork"}, peers::parwork_results(s.common), s),
      contend({"parwork-input", "parwork, input order"}, peers::parwork_results(in_order), s),
      contend({"parwork-own-thread", "parwork, generator on its own thread"},
              with_own_thread(s.common), s),
#if PARWORK_BENCH_TBB
      contend({"tbb", "oneTBB pipeline, per item"}, peers::tbb_pipeline(s.common), s),
      contend({"tbb-batched", "oneTBB pipeline, batches of 64"}, peers::tbb_batched(s.common, 64),
              s),
#endif
      contend({"go-port", "port of Go's design"}, peers::go_port(s.common), s),
  };
  return all;
}

settings parse(arguments& args) {
  settings s{};
  s.items = args.number("items", 700);
  s.period = std::chrono::microseconds(args.number("period-us", 1000));
  s.common = common_setup(args);
  return s;
}

void add_figures(results& into, const subject& who, const figures& measured) {
  const std::string name = "one per period";
  into.add_sample(who, name, "p50_ns", measured.p50);
  into.add_sample(who, name, "p99_ns", measured.p99);
  into.add_sample(who, name, "cpu_percent", measured.cpu_percent);
}

results run(int argc, char** argv) {
  arguments args(argc, argv, std::string(usage) + common_usage);
  const settings s = parse(args);
  interleaved rounds(args, 3);
  results found("latency");
  add_conditions(found, s.common);
  found.condition("items", static_cast<double>(s.items));
  found.condition("period_us", static_cast<double>(s.period.count()));
  const std::vector<contender> all = contenders(s);
  rounds.measure(found, [&](quiet_moments& quiet) {
    for (const contender& c : all) {
      quiet.wait();
      add_figures(found, c.who, c.run());
    }
  });
  return found;
}

}  // namespace

int main(int argc, char** argv) { return run_program(argc, argv, run); }
