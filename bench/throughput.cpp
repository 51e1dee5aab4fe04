// Items per second against the length of an item: parwork and its peers, interleaved round by
// round.
//
// Every round runs every peer once on every grain, in an order that changes from round to round, so
// that whatever else the machine does meets all of them. A peer that is slower than the plain loop
// gets fewer items, so that its share of a round takes about as long; results are checked after
// every run. Metrics: ns and cpu_ns an item, of programs in other languages also own_plain_ns.

#include <parwork/parwork.hpp>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rows.hpp"
#include "support/arguments.hpp"
#include "support/child.hpp"
#include "support/cpu_time.hpp"
#include "support/load.hpp"
#include "support/program.hpp"
#include "support/quiet.hpp"
#include "support/results.hpp"

namespace {

using namespace bench;

constexpr const char* usage =
    R"(usage: bench_throughput [--option value]...
  --rounds N        rounds that count (default 11)
  --round-ms N      how long the plain loop takes in a round (default 45)
  --grains LIST     lengths of an item: empty, or a number with ns, us or ms
                    (default empty,50ns,100ns,500ns,1us,10us,100us)
  --lengthy-every N one item in N, at random, takes longer than the others (default 0: none)
  --lengthy-factor N  so many times as long (default 100)
  --peers LIST      of those below (default: all)
  --order WHAT      both, completion or input: what is asked of peers that can do either
  --neighbours N    busy processes beside the measurement (default 0)
  --go PROGRAM      the Go peer; without it its row is left out
  --rust PROGRAM    the Rust peer, likewise
)";

struct grain {
  std::string name;
  double ns;
};

struct settings {
  std::uint64_t rounds = 0;
  double round_ns = 0;
  std::vector<grain> grains;
  std::uint64_t lengthy_every = 0;
  std::uint64_t lengthy_factor = 0;
  row_options rows;
  unsigned neighbours = 0;
};

// Of one row on one grain.
struct cell {
  bench::load load;
  std::vector<double> ns;
  std::vector<double> cpu_ns;
  std::vector<double> own_plain_ns;

  void add(const measurement& m) {
    ns.push_back(m.item.ns);
    cpu_ns.push_back(m.item.cpu_ns);
    if (m.own_plain) {
      own_plain_ns.push_back(m.own_plain->ns);
    }
  }
};

std::string full_usage() {
  std::string peers;
  for (const std::string& name : peer_names()) {
    peers += " " + name;
  }
  return std::string(usage) + common_usage + "peers:" + peers + "\n";
}

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

std::vector<std::string> parse_peers(arguments& args) {
  std::vector<std::string> peers = args.list("peers", "");
  const auto known = peer_names();
  for (const std::string& peer : peers) {
    if (std::ranges::find(known, peer) == known.end()) {
      args.refuse("no such peer: " + peer);
    }
  }
  return peers;
}

settings parse(arguments& args) {
  settings s;
  s.rounds = args.number("rounds", 11);
  s.round_ns = 1e6 * static_cast<double>(args.number("round-ms", 45, 1, 10'000));
  for (const auto& name : args.list("grains", "empty,50ns,100ns,500ns,1us,10us,100us")) {
    s.grains.push_back(parse_grain(name, args));
  }
  s.lengthy_every = args.number("lengthy-every", 0, 0);
  s.lengthy_factor = args.number("lengthy-factor", 100);
  s.rows.common = common_setup(args);
  s.rows.peers = parse_peers(args);
  s.rows.go_program = args.text("go", "");
  s.rows.rust_program = args.text("rust", "");
  const std::string order = args.choice("order", {"both", "completion", "input"});
  s.rows.wanted = order == "both"         ? orders::both
                  : order == "completion" ? orders::completion
                                          : orders::input;
  s.neighbours = static_cast<unsigned>(args.number("neighbours", 0, 0, 64));
  return s;
}

bench::load load_of(const grain& g, const settings& s) {
  const std::uint64_t steps = steps_for(g.ns);
  bench::load l{.grain_ns = g.ns, .steps = {.usual = steps}, .count = 0};
  if (s.lengthy_every != 0) {
    l.steps.lengthy = steps * s.lengthy_factor;
    l.steps.lengthy_every = s.lengthy_every;
    l.grain_ns +=
        g.ns * static_cast<double>(s.lengthy_factor - 1) / static_cast<double>(s.lengthy_every);
  }
  return l;
}

std::uint64_t fitting_count(double round_ns, double ns_per_item) {
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(round_ns / ns_per_item), 16);
}

// How many items each row gets: what fills the round at the row's own speed, never more than the
// plain loop's. The short runs that tell are warm-up and first check at the same time.
std::vector<std::vector<cell>> plan(const std::vector<row>& rows, const settings& s) {
  std::vector<std::vector<cell>> cells(rows.size());
  for (const grain& g : s.grains) {
    bench::load l = load_of(g, s);
    l.count = fitting_count(s.round_ns / 8, l.grain_ns + 10);
    const double plain_ns = rows.front().run(l).item.ns;
    const std::uint64_t most = fitting_count(s.round_ns, plain_ns);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      bench::load own = l;
      own.count = std::max<std::uint64_t>(most / 16, 16);
      const double ns = rows[r].run(own).item.ns;
      // Halved, not scaled: few different counts, so that few right answers have to be worked out.
      own.count = most;
      while (own.count > 16 && static_cast<double>(own.count) * ns > 1.5 * s.round_ns) {
        own.count /= 2;
      }
      cells[r].push_back({.load = own, .ns = {}, .cpu_ns = {}, .own_plain_ns = {}});
    }
  }
  return cells;
}

void measure(const std::vector<row>& rows, std::vector<std::vector<cell>>& cells,
             std::uint64_t rounds, quiet_moments& quiet) {
  std::mt19937 shuffler(1);
  std::vector<std::size_t> turns(rows.size());
  std::iota(turns.begin(), turns.end(), std::size_t{0});
  const auto run = [&](std::size_t r, std::size_t g) {
    settle();
    return rows[r].run(cells[r][g].load);
  };
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (std::size_t g = 0; g < cells.front().size(); ++g) {
      std::ranges::shuffle(turns, shuffler);
      if (quiet.wait()) {
        for (const std::size_t r : turns) {
          static_cast<void>(run(r, g));
        }
      }
      for (const std::size_t r : turns) {
        cells[r][g].add(run(r, g));
      }
    }
  }
}

void add_figures(results& into, const std::vector<row>& rows,
                 const std::vector<std::vector<cell>>& cells, const std::vector<grain>& grains) {
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t g = 0; g < grains.size(); ++g) {
      const cell& c = cells[r][g];
      const std::string& name = grains[g].name;
      into.add(rows[r].who, name, "ns", c.ns);
      into.add(rows[r].who, name, "cpu_ns", c.cpu_ns);
      if (!c.own_plain_ns.empty()) {
        into.add(rows[r].who, name, "own_plain_ns", c.own_plain_ns);
      }
    }
  }
}

results run(int argc, char** argv) {
  arguments args(argc, argv, full_usage());
  const settings s = parse(args);
  quiet_moments quiet = common_patience(args, s.neighbours);
  args.done();
  const neighbours busy(s.neighbours);  // before the first thread
  const std::vector<row> rows = make_rows(s.rows);
  quiet.wait();
  auto cells = plan(rows, s);
  measure(rows, cells, s.rounds, quiet);

  results all("throughput");
  add_conditions(all, s.rows.common);
  all.condition("rounds", static_cast<double>(s.rounds));
  all.condition("neighbours", s.neighbours);
  all.condition("lengthy_every", static_cast<double>(s.lengthy_every));
  all.condition("lengthy_factor", static_cast<double>(s.lengthy_factor));
  quiet.report(all);
  for (const std::string& sentence : missing_peers(s.rows)) {
    all.note(sentence);
  }
  add_figures(all, rows, cells, s.grains);
  return all;
}

}  // namespace

int main(int argc, char** argv) { return run_program(argc, argv, run); }
