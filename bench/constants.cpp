// The constants that bench/simulate.py computes with, measured on the machine at hand: what the
// machine takes (cache lines, clocks, sleeping and waking), and what the engine adds to an item and
// to a batch, from runs with one worker, in which nobody waits for anybody.
//
// Takes some two seconds. Everything else that runs meanwhile is in the figures.

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <parwork/parwork.hpp>

#include "support/arguments.hpp"
#include "support/load.hpp"
#include "support/program.hpp"
#include "support/quiet.hpp"
#include "support/results.hpp"
#include "support/statistics.hpp"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace {

using namespace bench;

constexpr const char* usage = R"(usage: bench_constants [--option value]...
  --rounds N        measurements of each (default 9)
  --patience-ms N   how long to wait for quiet moments, in all (default 0: not at all)
)";

// --- The machine ---

std::vector<int> usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) {
    throw std::runtime_error("sched_getaffinity failed");
  }
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

void stay_on(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

template <class Body>
double ns_each(std::uint64_t times, Body body) {
  const stopwatch watch;
  for (std::uint64_t i = 0; i < times; ++i) {
    body();
  }
  return watch.ns() / static_cast<double>(times);
}

/// Measures again and again.
template <class Once>
std::vector<double> repeated(std::uint64_t rounds, Once once) {
  std::vector<double> samples(rounds);
  std::ranges::generate(samples, once);
  return samples;
}

/// Threads on two cores, with a line for each direction and one that both write.
class pair_of_cores {
 public:
  pair_of_cores(int here, int there) : there_(there) { stay_on(here); }

  /// One way: half of what it takes a written line to go there and back.
  double line_ns() {
    constexpr std::uint64_t trips = 20'000;
    std::jthread other([&] {
      stay_on(there_);
      for (std::uint64_t i = 1; i <= trips; ++i) {
        wait_for(2 * i - 1);
        shared_.value.store(2 * i);
      }
    });
    std::optional<stopwatch> watch;
    for (std::uint64_t i = 1; i <= trips; ++i) {
      shared_.value.store(2 * i - 1);
      wait_for(2 * i);
      if (i == 1) {  // the first trip waits for the thread to start
        watch.emplace();
      }
    }
    const double ns = watch->ns();
    other.join();
    shared_.value.store(0);
    return ns / static_cast<double>(2 * (trips - 1));
  }

  /// A line, where many that the other core has written are read one after the other.
  double streamed_line_ns() {
    constexpr std::size_t lines = 512;
    constexpr std::uint64_t trips = 200;
    std::vector<line> data(lines);
    std::jthread other([&] {
      stay_on(there_);
      for (std::uint64_t i = 1; i <= trips; ++i) {
        wait_for(2 * i - 1);
        for (line& each : data) {
          each.value.store(i, std::memory_order_relaxed);  // ordered by the store below
        }
        shared_.value.store(2 * i);
      }
    });
    double ns = 0;
    for (std::uint64_t i = 1; i <= trips; ++i) {
      shared_.value.store(2 * i - 1);
      wait_for(2 * i);
      std::uint64_t sum = 0;
      const stopwatch watch;
      for (const line& each : data) {
        sum += each.value.load(std::memory_order_relaxed);  // ordered by wait_for
      }
      keep(sum);
      ns += watch.ns();
    }
    other.join();
    shared_.value.store(0);
    return ns / static_cast<double>(trips * lines);
  }

 private:
  struct alignas(cache_line) line {
    std::atomic<std::uint64_t> value{0};
  };

  void wait_for(std::uint64_t value) const {
    while (shared_.value.load() != value) {
    }
  }

  int there_;
  line shared_;
};

void futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
  syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}

struct wake_costs {
  std::vector<double> waker_ns;
  std::vector<double> latency_ns;
};

/// A thread asleep on another core: what waking it costs who wakes, and when it runs.
wake_costs measure_wake(int there) {
  constexpr std::uint32_t wakes = 300;
  constexpr auto falls_asleep = std::chrono::microseconds(150);
  std::atomic<std::uint32_t> word{0};
  std::atomic<std::uint32_t> seen{0};
  std::chrono::steady_clock::time_point running;
  std::jthread sleeper([&] {
    stay_on(there);
    for (std::uint32_t i = 0; i < wakes; ++i) {
      while (word.load() == i) {
        futex(word, FUTEX_WAIT, i);
      }
      running = std::chrono::steady_clock::now();
      seen.store(i + 1);
    }
  });
  wake_costs found;
  for (std::uint32_t i = 0; i < wakes; ++i) {
    std::this_thread::sleep_for(falls_asleep);
    const auto began = std::chrono::steady_clock::now();
    word.store(i + 1);
    futex(word, FUTEX_WAKE, 1);
    const auto woken = std::chrono::steady_clock::now();
    while (seen.load() != i + 1) {
    }
    found.waker_ns.push_back(std::chrono::duration<double, std::nano>(woken - began).count());
    found.latency_ns.push_back(std::chrono::duration<double, std::nano>(running - began).count());
  }
  return found;
}

/// A barrier through the kernel, with a thread of this process running on another core or without.
double membarrier_ns(std::optional<int> busy_cpu) {
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  std::atomic<bool> running{false};
  std::jthread busy;
  if (busy_cpu) {
    busy = std::jthread([&, cpu = *busy_cpu](const std::stop_token& stop) {
      stay_on(cpu);
      running.store(true);
      while (!stop.stop_requested()) {
      }
    });
    while (!running.load()) {
    }
  }
  return ns_each(2000, [] { syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0); });
}

const subject machine{"machine", "this machine"};

void measure_alone(results& into, std::uint64_t rounds) {
  const auto add = [&](const char* what, const std::vector<double>& samples) {
    into.add(machine, what, "ns", samples);
  };
  std::atomic<std::uint64_t> counter{0};
  add("read-modify-write",
      repeated(rounds, [&] { return ns_each(100'000, [&] { counter.fetch_add(1); }); }));
  add("clock", repeated(rounds, [] {
        return ns_each(100'000, [] { keep(std::chrono::steady_clock::now()); });
      }));
#if defined(__x86_64__)
  add("time stamp counter",
      repeated(rounds, [] { return ns_each(100'000, [] { keep(__rdtsc()); }); }));
#endif
}

void measure_between_cores(results& into, std::uint64_t rounds) {
  const std::vector<int> cpus = usable_cpus();
  if (cpus.size() < 2) {
    throw std::runtime_error(
        "one CPU only: what goes between cores cannot be measured; allow this process two or more");
  }
  const auto add = [&](const char* what, const std::vector<double>& samples) {
    into.add(machine, what, "ns", samples);
  };
  std::jthread pinned([&] {  // a thread of its own: it is tied to a core
    pair_of_cores cores(cpus[0], cpus[1]);
    add("line", repeated(rounds, [&] { return cores.line_ns(); }));
    add("streamed line", repeated(rounds, [&] { return cores.streamed_line_ns(); }));
    const wake_costs wake = measure_wake(cpus[1]);
    add("waking", wake.waker_ns);
    add("wake latency", wake.latency_ns);
    add("membarrier, idle", repeated(rounds, [] { return membarrier_ns(std::nullopt); }));
    add("membarrier, busy", repeated(rounds, [&] { return membarrier_ns(cpus[1]); }));
  });
}

// --- The engine, with one worker ---

/// Nanoseconds an item in each part of a run, by the run's own account.
constexpr std::size_t part_count = 4;
constexpr std::array<const char*, part_count> part_names{"pull", "work", "collect", "rest"};
using parts = std::array<double, part_count>;

parts per_item(const parwork::summary& run) {
  const double ns = std::chrono::duration<double, std::nano>(run.wall).count() /
                    static_cast<double>(run.produced);
  return {run.generator_share * ns, run.work_share * ns, run.collector_share * ns,
          run.idle_share * ns};
}

template <class Measure>
parts median_parts(std::uint64_t rounds, Measure measure) {
  std::array<std::vector<double>, part_count> samples;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    const parts ns = measure();
    for (std::size_t part = 0; part < part_count; ++part) {
      samples[part].push_back(ns[part]);
    }
  }
  parts found{};
  std::ranges::transform(samples, found.begin(), median);
  return found;
}

/// What an item costs in one part of a run, and what a batch does.
struct cost {
  double item_ns;
  double batch_ns;
};
using costs = std::array<cost, part_count>;

parwork::options one_worker(std::size_t queue) { return {.workers = 1, .queue = queue}; }

/// The line through the points (1 / items of a batch, ns an item), by least squares.
cost fit(const std::vector<double>& inverse, const std::vector<double>& ns) {
  const auto n = static_cast<double>(ns.size());
  double sx = 0;
  double sy = 0;
  double sxx = 0;
  double sxy = 0;
  for (std::size_t i = 0; i < ns.size(); ++i) {
    sx += inverse[i];
    sy += ns[i];
    sxx += inverse[i] * inverse[i];
    sxy += inverse[i] * ns[i];
  }
  const double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
  return {.item_ns = std::max(0.0, (sy - slope * sx) / n), .batch_ns = std::max(0.0, slope)};
}

// The throughput table's "parwork" row, with empty items. The queue decides on the size of batches.

parts with_serial_ends(std::uint64_t count, std::size_t queue) {
  source generate(count);
  const kernel work({});
  tally collect;
  const auto run = parwork::process(
      generate, work, [&](std::uint64_t result) { collect(result); }, one_worker(queue));
  keep(collect);
  return per_item(run);
}

/// Items of a batch, counted by the turns between generator and work.
double mean_batch(std::uint64_t count, std::size_t queue) {
  std::uint64_t batches = 0;
  bool pulling = false;
  source generate(count);
  static_cast<void>(parwork::process(
      [&] {
        batches += pulling ? 0 : 1;
        pulling = true;
        return generate();
      },
      [&](const item&) { pulling = false; }, [] {}, one_worker(queue)));
  return static_cast<double>(count) / static_cast<double>(batches);
}

costs measure_serial_ends(std::uint64_t rounds) {
  constexpr std::uint64_t count = 60'000;
  std::vector<double> inverse;
  std::array<std::vector<double>, part_count> ns;
  for (const std::size_t queue : {1, 4, 8, 12, 16, 32, 64, 128, 256}) {
    inverse.push_back(1 / mean_batch(count, queue));
    const parts found = median_parts(rounds, [&] { return with_serial_ends(count, queue); });
    for (std::size_t part = 0; part < part_count; ++part) {
      ns[part].push_back(found[part]);
    }
  }
  costs all{};
  std::ranges::transform(ns, all.begin(), [&](const auto& one) { return fit(inverse, one); });
  return all;
}

// Its "parwork, split and reduce" row. Slices cannot be seen from outside: with empty items they
// are so long that only items count, with items of a microsecond they have as many as fill the time
// that the engine aims at.
constexpr double slice_ns = 30'000;

parts without_serial_ends(std::uint64_t count, std::uint64_t steps) {
  const kernel kern({.usual = steps});
  auto total = parwork::reduce(
      std::uint64_t{0}, [](std::uint64_t& sum, std::uint64_t result) { sum += result; },
      [](std::uint64_t& sum, std::uint64_t other) { sum += other; });
  const auto run = parwork::process(parwork::split(std::views::iota(std::uint64_t{0}, count)),
                                    [&kern](std::uint64_t index) {
                                      item it;
                                      fill(it, index);
                                      return kern(it);
                                    },
                                    total, {.workers = 1});
  keep(total.value());
  return per_item(run);
}

costs measure_split(std::uint64_t rounds) {
  constexpr double long_item_ns = 1'000;
  const std::uint64_t steps = steps_for(long_item_ns);
  const parts empty = median_parts(rounds, [] { return without_serial_ends(1'000'000, 0); });
  const parts longer = median_parts(rounds, [&] { return without_serial_ends(6'000, steps); });
  const double slice = slice_ns / (longer[0] + longer[1] + longer[2] + longer[3]);
  costs all{};
  for (std::size_t part = 0; part < part_count; ++part) {
    all[part] = {.item_ns = empty[part],
                 .batch_ns = std::max(0.0, longer[part] - empty[part]) * slice};
  }
  all[1].batch_ns = 0;  // what is longer there is the items
  return all;
}

std::vector<double> plain_ns(std::uint64_t rounds) {
  constexpr std::uint64_t count = 200'000;
  return repeated(rounds, [] {
    const stopwatch watch;
    keep(plain_tally(count, {}));
    return watch.ns() / static_cast<double>(count);
  });
}

void add_costs(results& into, const subject& who, const costs& all) {
  for (std::size_t part = 0; part < part_count; ++part) {
    into.add(who, part_names[part], "item_ns", {all[part].item_ns});
    into.add(who, part_names[part], "batch_ns", {all[part].batch_ns});
  }
}

results run(int argc, char** argv) {
  arguments args(argc, argv, usage);
  const std::uint64_t rounds = args.number("rounds", 9);
  quiet_moments quiet = common_patience(args);
  args.done();
  results found("constants");
  found.condition("rounds", static_cast<double>(rounds));
  quiet.wait();
  found.add({"plain", "plain loop"}, "empty", "ns", plain_ns(rounds));
  measure_alone(found, rounds);
  measure_between_cores(found, rounds);
  quiet.wait();
  add_costs(found, {"parwork", "parwork"}, measure_serial_ends(rounds));
  add_costs(found, {"parwork-split", "parwork, split and reduce"}, measure_split(rounds));
  quiet.report(found);
  return found;
}

}  // namespace

int main(int argc, char** argv) { return run_program(argc, argv, run); }
