// A generator that yields one item per millisecond: how long until its result is collected, and
// what waiting costs.
//
// Every measurement runs in a process of its own, so that the CPU time is that of one peer. A fixed
// batch waits until it is full; a thread that spins answers soon and burns a core: the two columns
// belong together.

#include <parwork/parwork.hpp>

#include <sys/resource.h>

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

#include "peers/go_port.hpp"
#include "peers/parwork.hpp"
#include "peers/plain.hpp"
#include "peers/setup.hpp"
#include "support/arguments.hpp"
#include "support/child.hpp"
#include "support/statistics.hpp"
#include "support/table.hpp"
#ifdef PARWORK_BENCH_TBB
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
  --items N      items of a measurement (default 700)
  --period-us N  time between two items (default 1000)
  --rounds N     measurements of each peer, interleaved (default 3)
  --workers N    (default: the CPUs that this process may use)
)";

struct settings {
  std::uint64_t items;
  std::chrono::microseconds period;
  std::uint64_t rounds;
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
    return now();
  }

 private:
  std::uint64_t left_;
  std::chrono::microseconds period_;
  clock_type::time_point next_;
};

struct stopped_times {
  std::vector<double> ns;

  void operator()(instant returned) { ns.push_back(static_cast<double>(now() - returned)); }
};

double cpu_ns() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto ns = [](const timeval& t) {
    return 1e9 * static_cast<double>(t.tv_sec) + 1e3 * static_cast<double>(t.tv_usec);
  };
  return ns(used.ru_utime) + ns(used.ru_stime);
}

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
    const double cpu_before = cpu_ns();
    const stopwatch watch;
    peer.run(generate, work, collect);
    const double cpu_share = (cpu_ns() - cpu_before) / watch.ns();
    if (collect.ns.size() != s.items) {
      throw std::runtime_error("items were lost");
    }
    return std::vector<double>{percentile(collect.ns, 0.5), percentile(collect.ns, 0.99),
                               100 * cpu_share};
  });
  return {.p50 = sent.at(0), .p99 = sent.at(1), .cpu_percent = sent.at(2)};
}

struct contender {
  std::string label;
  std::function<figures()> run;
};

template <class Peer>
contender contend(std::string label, Peer peer, const settings& s) {
  return {std::move(label), [peer, &s] { return measure(peer, s); }};
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
      contend("plain loop", peers::plain(s.common), s),
      contend("parwork", peers::parwork_results(s.common), s),
      contend("parwork, input order", peers::parwork_results(in_order), s),
      contend("parwork, generator on its own thread", with_own_thread(s.common), s),
#ifdef PARWORK_BENCH_TBB
      contend("oneTBB pipeline, per item", peers::tbb_pipeline(s.common), s),
      contend("oneTBB pipeline, batches of 64", peers::tbb_batched(s.common, 64), s),
#endif
      contend("port of Go's design", peers::go_port(s.common), s),
  };
  return all;
}

settings parse(int argc, char** argv) {
  arguments args(argc, argv, usage);
  settings s{};
  s.items = args.number("items", 700);
  s.period = std::chrono::microseconds(args.number("period-us", 1000));
  s.rounds = args.number("rounds", 3);
  s.common.workers =
      static_cast<unsigned>(args.number("workers", parwork::available_cpus(), 1, 4096));
  s.common.queue = 100UL * s.common.workers;
  args.done();
  return s;
}

int run(int argc, char** argv) {
  const settings s = parse(argc, argv);
  const std::vector<contender> all = contenders(s);
  std::vector<std::vector<figures>> measured(all.size());
  for (std::uint64_t round = 0; round < s.rounds; ++round) {
    for (std::size_t c = 0; c < all.size(); ++c) {
      measured[c].push_back(all[c].run());
    }
  }
  std::cout << "One item per " << s.period.count()
            << " us: from the generator's return to the collector's call, and the whole process's "
               "CPU time; "
            << s.items << " items, median of " << s.rounds << " interleaved runs.\n\n";
  table t({"", "p50", "p99", "CPU, % of a core"});
  for (std::size_t c = 0; c < all.size(); ++c) {
    const auto typical = [&](double figures::* field) {
      std::vector<double> values;
      for (const figures& f : measured[c]) {
        values.push_back(f.*field);
      }
      return median(values);
    };
    t.add({all[c].label, readable_ns(typical(&figures::p50)), readable_ns(typical(&figures::p99)),
           fixed(typical(&figures::cpu_percent), 1)});
  }
  t.add({"*goal for parwork*", "8 us", "30 us", "5"});
  std::cout << t << std::flush;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_latency: %s\n", e.what());
    return 1;
  }
}
