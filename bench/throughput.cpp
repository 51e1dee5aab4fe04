// Items per second against the length of an item: parwork and its peers, interleaved round by
// round.
//
// Every round runs every peer once on every grain, in an order that changes from round to round, so
// that whatever else the machine does meets all of them. A peer that is slower than the plain loop
// gets fewer items, so that its share of a round takes about as long; results are checked after
// every run.

#include <parwork/parwork.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "rows.hpp"
#include "support/arguments.hpp"
#include "support/child.hpp"
#include "support/load.hpp"
#include "support/statistics.hpp"
#include "support/table.hpp"

namespace {

using namespace bench;

constexpr const char* usage =
    R"(usage: bench_throughput [--option value]...
  --rounds N        rounds that count (default 11)
  --grains LIST     lengths of an item: empty, or a number with ns, us or ms
                    (default empty,50ns,100ns,500ns,1us,10us,100us)
  --peers LIST      plain, parwork, parwork-completions, parwork-split, tbb-batched, tbb,
                    tbb-for, futures, go-port, go (default: all)
  --workers N       (default: the CPUs that this process may use)
  --queue N         items in flight (default: 100 per worker)
  --order WHAT      both, completion or input: what is asked of peers that can do either
  --statistic WHAT  median or best of the rounds
  --round-ms N      how long the plain loop takes in a round (default 45)
  --neighbours N    busy processes beside the measurement (default 0)
  --go PROGRAM      the Go peer; without it its rows are left out
)";

struct grain {
  std::string name;
  double ns;
};

struct settings {
  std::uint64_t rounds;
  std::vector<grain> grains;
  row_options rows;
  double (*typical)(const std::vector<double>&);
  std::string statistic;
  double round_ns;
  unsigned neighbours;
  unsigned cores;  // that the workers can use at once
};

// Of one row on one grain.
struct cell {
  bench::load load;
  std::vector<double> ns;
  std::vector<double> own_plain_ns;
};

// The efficiency, in per cent, that parwork aims at in completion order, from the design's
// measurements on two cores.
struct goal {
  const char* grain;
  int percent;
};
constexpr goal goals[] = {{"empty", 58}, {"50ns", 86}, {"100ns", 90}, {"500ns", 95},
                          {"1us", 95},   {"10us", 96}, {"100us", 97}};

grain parse_grain(const std::string& name, const arguments& args) {
  if (name == "empty") {
    return {name, 0};
  }
  try {
    std::size_t used = 0;
    const double value = std::stod(name, &used);
    const std::string unit = name.substr(used);
    const double scale = unit == "ns" ? 1 : unit == "us" ? 1e3 : unit == "ms" ? 1e6 : 0;
    if (scale > 0 && value > 0) {
      return {name, value * scale};
    }
  } catch (const std::logic_error&) {
    // Said below, with everything else that is no grain.
  }
  args.refuse("'" + name + "' is no grain: empty, or a number with ns, us or ms");
}

double least(const std::vector<double>& samples) { return std::ranges::min(samples); }

settings parse(int argc, char** argv) {
  arguments args(argc, argv, usage);
  settings s{};
  s.rounds = args.number("rounds", 11);
  for (const auto& name : args.list("grains", "empty,50ns,100ns,500ns,1us,10us,100us")) {
    s.grains.push_back(parse_grain(name, args));
  }
  const unsigned cpus = parwork::available_cpus();
  setup& common = s.rows.common;
  common.workers = static_cast<unsigned>(args.number("workers", cpus, 1, 4096));
  common.queue = args.number("queue", 100UL * common.workers);
  s.cores = std::min(common.workers, cpus);
  s.rows.peers = args.list("peers", "");
  const auto known = peer_names();
  for (const std::string& peer : s.rows.peers) {
    if (std::ranges::find(known, peer) == known.end()) {
      args.refuse("no such peer: " + peer);
    }
  }
  s.rows.go_program = args.text("go", "");
  const std::string order = args.choice("order", {"both", "completion", "input"});
  s.rows.wanted = order == "both"         ? orders::both
                  : order == "completion" ? orders::completion
                                          : orders::input;
  s.statistic = args.choice("statistic", {"median", "best"});
  s.typical = s.statistic == "best" ? least : median;
  s.round_ns = 1e6 * static_cast<double>(args.number("round-ms", 45, 1, 10'000));
  s.neighbours = static_cast<unsigned>(args.number("neighbours", 0, 0, 64));
  args.done();
  return s;
}

std::uint64_t fitting_count(double round_ns, double ns_per_item) {
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(round_ns / ns_per_item), 16);
}

// How many items each row gets: what fills the round at the row's own speed, never more than the
// plain loop's. The short runs that tell are warm-up and first check at the same time.
std::vector<std::vector<cell>> plan(const std::vector<row>& rows, const settings& s) {
  std::vector<std::vector<cell>> cells(rows.size());
  for (const grain& g : s.grains) {
    bench::load l{.grain_ns = g.ns, .steps = steps_for(g.ns), .count = 0};
    l.count = fitting_count(s.round_ns / 8, g.ns + 10);
    const double plain_ns = rows.front().run(l).ns_per_item;
    const std::uint64_t most = fitting_count(s.round_ns, plain_ns);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      bench::load own = l;
      own.count = std::max<std::uint64_t>(most / 16, 16);
      const double ns = rows[r].run(own).ns_per_item;
      // Halved, not scaled: few different counts, so that few right answers have to be worked out.
      own.count = most;
      while (own.count > 16 && static_cast<double>(own.count) * ns > 1.5 * s.round_ns) {
        own.count /= 2;
      }
      cells[r].push_back({.load = own, .ns = {}, .own_plain_ns = {}});
    }
  }
  return cells;
}

void measure(const std::vector<row>& rows, std::vector<std::vector<cell>>& cells,
             std::uint64_t rounds) {
  std::mt19937 shuffler(1);
  std::vector<std::size_t> turns(rows.size());
  for (std::size_t r = 0; r < turns.size(); ++r) {
    turns[r] = r;
  }
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (std::size_t g = 0; g < cells.front().size(); ++g) {
      std::ranges::shuffle(turns, shuffler);
      for (const std::size_t r : turns) {
        cell& c = cells[r][g];
        const measurement m = rows[r].run(c.load);
        c.ns.push_back(m.ns_per_item);
        if (m.own_plain_ns) {
          c.own_plain_ns.push_back(*m.own_plain_ns);
        }
      }
    }
  }
}

class report {
 public:
  report(const std::vector<row>& rows, const std::vector<std::vector<cell>>& cells,
         const settings& s)
      : rows_(rows), cells_(cells), settings_(s) {}

  void print() const {
    std::cout << "Efficiency in per cent: (plain loop / " << settings_.cores
              << " cores) / wall time. " << fixed(100.0 / settings_.cores)
              << " is as fast as the plain loop.\n\n"
              << efficiency() << "\nTime against the plain loop's, less is better.\n\n"
              << ratio() << "\nNanoseconds an item.\n\n"
              << nanoseconds();
    print_overhead();
    std::cout << std::flush;
  }

 private:
  [[nodiscard]] double typical(const std::vector<double>& samples) const {
    return settings_.typical(samples);
  }

  [[nodiscard]] double plain_ns(std::size_t g) const { return typical(cells_.front()[g].ns); }

  // Peers in another language: once, against the C++ plain loop, or once more against their own.
  enum class other_language { once, both };

  // Every cell after `value(plain, ns)`.
  template <class Value>
  [[nodiscard]] table all(const std::vector<std::string>& last_line, other_language others,
                          Value value) const {
    std::vector<std::string> header{"item"};
    for (const grain& g : settings_.grains) {
      header.push_back(g.name);
    }
    table t(header);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      std::vector<std::string> line{rows_[r].label};
      std::vector<std::string> own{rows_[r].label + ", against Go's plain loop"};
      for (std::size_t g = 0; g < settings_.grains.size(); ++g) {
        const cell& c = cells_[r][g];
        line.push_back(value(plain_ns(g), typical(c.ns)));
        if (!c.own_plain_ns.empty()) {
          own.push_back(value(typical(c.own_plain_ns), typical(c.ns)));
        }
      }
      t.add(line);
      if (own.size() > 1 && others == other_language::both) {
        t.add(own);
      }
    }
    if (!last_line.empty()) {
      t.add(last_line);
    }
    return t;
  }

  // The goals hold for a machine without other load, one worker per core.
  [[nodiscard]] std::vector<std::string> goals_line() const {
    std::vector<std::string> line{"*goal for parwork; input order within 3 points*"};
    if (settings_.neighbours != 0 || settings_.rows.common.workers != settings_.cores) {
      return {};
    }
    for (const grain& g : settings_.grains) {
      const auto* known =
          std::ranges::find_if(goals, [&](const goal& one) { return g.name == one.grain; });
      line.push_back(known == std::end(goals) ? "" : std::to_string(known->percent));
    }
    return line;
  }

  [[nodiscard]] table efficiency() const {
    return all(goals_line(), other_language::both, [this](double plain, double ns) {
      return fixed(100 * plain / settings_.cores / ns);
    });
  }

  [[nodiscard]] table ratio() const {
    return all({}, other_language::both,
               [](double plain, double ns) { return fixed(ns / plain, 2); });
  }

  [[nodiscard]] table nanoseconds() const {
    return all({}, other_language::once,
               [](double, double ns) { return fixed(ns, ns < 100 ? 1 : 0); });
  }

  void print_overhead() const {
    for (std::size_t g = 0; g < settings_.grains.size(); ++g) {
      if (settings_.grains[g].name != "empty") {
        continue;
      }
      std::cout << "\nEmpty items, time above the ideal of plain loop / cores (goal 4 ns):\n\n";
      for (std::size_t r = 0; r < rows_.size(); ++r) {
        if (rows_[r].peer != "plain") {
          const double above = typical(cells_[r][g].ns) - plain_ns(g) / settings_.cores;
          std::cout << "- " << rows_[r].label << ": " << fixed(above, 1) << " ns\n";
        }
      }
    }
  }

  const std::vector<row>& rows_;
  const std::vector<std::vector<cell>>& cells_;
  const settings& settings_;
};

void print_conditions(const settings& s, const std::vector<std::vector<cell>>& cells) {
  std::cout << s.rows.common.workers << " workers on " << s.cores << " cores, queue "
            << s.rows.common.queue << ", " << s.statistic << " of " << s.rounds
            << " interleaved rounds, " << s.neighbours << " busy neighbour processes. A round's "
            << "items:";
  for (std::size_t g = 0; g < s.grains.size(); ++g) {
    std::cout << ' ' << s.grains[g].name << ' ' << cells.front()[g].load.count
              << (g + 1 < s.grains.size() ? "," : ".\n");
  }
  for (const std::string& sentence : missing_peers(s.rows)) {
    std::cout << sentence << '\n';
  }
  std::cout << '\n';
}

int run(int argc, char** argv) {
  const settings s = parse(argc, argv);
  const neighbours busy(s.neighbours);  // before the first thread
  const std::vector<row> rows = make_rows(s.rows);
  auto cells = plan(rows, s);
  measure(rows, cells, s.rounds);
  print_conditions(s, cells);
  report(rows, cells, s).print();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_throughput: %s\n", e.what());
    return 1;
  }
}
