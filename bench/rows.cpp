#include "rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include "peers/go_port.hpp"
#include "peers/parwork.hpp"
#include "peers/plain.hpp"
#include "peers/thread_pool.hpp"
#include "support/child.hpp"
#include "support/load.hpp"
#include "support/statistics.hpp"
#ifdef PARWORK_BENCH_TBB
#include "peers/tbb.hpp"
#endif

namespace bench {

namespace {

// What the collector must have seen in the end; Go's peer checks itself.
enum class promise { all_results, all_in_order };

const tally& expected(const load& l) {
  static std::map<std::pair<std::uint64_t, std::uint64_t>, tally> known;
  const auto [found, is_new] = known.try_emplace({l.steps, l.count});
  if (is_new) {
    found->second = plain_tally(l.count, l.steps);
  }
  return found->second;
}

void check(const tally& collected, const load& l, promise promised, const std::string& label) {
  const tally& right = expected(l);
  if (collected.count != right.count || collected.sum != right.sum) {
    throw std::runtime_error(label + " lost or changed results");
  }
  if (promised == promise::all_in_order && collected.chain != right.chain) {
    throw std::runtime_error(label + " delivered out of order");
  }
}

template <class Peer>
std::function<measurement(const load&)> with_serial_ends(std::function<Peer(const load&)> make,
                                                         promise promised,
                                                         const std::string& label) {
  return [make = std::move(make), promised, label](const load& l) {
    Peer peer = make(l);
    source generate(l.count);
    kernel work(l.steps);
    tally collect;
    const stopwatch watch;
    peer.run(generate, work, collect);
    const double ns = watch.ns();
    check(collect, l, promised, label);
    return measurement{.ns_per_item = ns / static_cast<double>(l.count), .own_plain_ns = {}};
  };
}

template <class Peer>
std::function<measurement(const load&)> without_serial_ends(Peer peer, const std::string& label) {
  return [peer = std::move(peer), label](const load& l) mutable {
    const kernel kern(l.steps);
    auto work = [&kern](std::uint64_t index) {
      item it;
      fill(it, index);
      return kern(it);
    };
    const stopwatch watch;
    const tally collected = peer.template run_indices<tally>(l.count, work);
    const double ns = watch.ns();
    check(collected, l, promise::all_results, label);
    return measurement{.ns_per_item = ns / static_cast<double>(l.count), .own_plain_ns = {}};
  };
}

measurement run_go(const std::string& program, const setup& s, const load& l) {
  const std::string line =
      output_of({program, "throughput", "-grain", std::to_string(l.grain_ns), "-items",
                 std::to_string(l.count), "-workers", std::to_string(s.workers), "-queue",
                 std::to_string(s.queue)});
  const auto value_of = [&line](const std::string& key) {
    const auto at = line.find(key + '=');
    if (at == std::string::npos) {
      throw std::runtime_error("the Go peer printed no " + key);
    }
    return std::strtod(line.c_str() + at + key.size() + 1, nullptr);
  };
  return {.ns_per_item = value_of("channels_ns"), .own_plain_ns = value_of("plain_ns")};
}

class row_list {
 public:
  explicit row_list(const row_options& options) : options_(options) {}

  std::vector<row> take() { return std::move(rows_); }

  [[nodiscard]] bool wants(const std::string& peer) const {
    return options_.peers.empty() ||
           std::ranges::find(options_.peers, peer) != options_.peers.end();
  }

  void add(const std::string& peer, const std::string& label,
           std::function<measurement(const load&)> run) {
    rows_.push_back({.peer = peer, .label = label, .run = std::move(run)});
  }

  // A peer that delivers one way only.
  template <class Peer>
  void add_fixed(const std::string& peer, const std::string& label, promise promised) {
    if (wants(peer)) {
      // Shared, as its threads last from one run to the next.
      auto shared = std::make_shared<Peer>(options_.common);
      add(peer, label,
          with_serial_ends<borrowed<Peer>>(
              [shared](const load&) { return borrowed<Peer>{shared.get()}; }, promised, label));
    }
  }

  // A peer that can deliver in both orders: a row for each that was asked for.
  template <class Peer>
  void add_ordered(const std::string& peer, const std::string& label,
                   const std::function<Peer(const setup&, const load&)>& make) {
    for (const delivery order : {delivery::completion, delivery::input}) {
      const bool in_order = order == delivery::input;
      if (!wants(peer) || options_.wanted == (in_order ? orders::completion : orders::input)) {
        continue;
      }
      setup s = options_.common;
      s.order = order;
      const std::string full = label + (in_order ? ", input order" : "");
      add(peer, full,
          with_serial_ends<Peer>([make, s](const load& l) { return make(s, l); },
                                 in_order ? promise::all_in_order : promise::all_results, full));
    }
  }

  template <class Peer>
  void add_ordered(const std::string& peer, const std::string& label) {
    add_ordered<Peer>(peer, label, [](const setup& s, const load&) { return Peer(s); });
  }

  template <class Peer>
  void add_indexed(const std::string& peer, const std::string& label) {
    if (wants(peer)) {
      add(peer, label, without_serial_ends(Peer(options_.common), label));
    }
  }

  [[nodiscard]] const row_options& options() const { return options_; }

 private:
  template <class Peer>
  struct borrowed {
    Peer* peer;
    template <class Generator, class Work, class Collector>
    void run(Generator& generate, Work& work, Collector& collect) {
      peer->run(generate, work, collect);
    }
  };

  const row_options& options_;
  std::vector<row> rows_;
};

void add_tbb([[maybe_unused]] row_list& rows) {
#ifdef PARWORK_BENCH_TBB
  // By hand means: the user knows the grain and picks batches of about 25 us. For the shortest
  // items that is far more memory than `queue` items, as it is for whoever tunes it.
  static constexpr double batch_ns = 25'000;
  static constexpr double empty_ns = 5;
  rows.add_ordered<peers::tbb_batched>(
      "tbb-batched", "oneTBB pipeline, batched by hand", [](const setup& s, const load& l) {
        const double fitting = batch_ns / (l.grain_ns + empty_ns);
        return peers::tbb_batched(s, static_cast<std::size_t>(std::max(fitting, 1.0)));
      });
  rows.add_ordered<peers::tbb_pipeline>("tbb", "oneTBB pipeline, per item");
  rows.add_indexed<peers::tbb_for>("tbb-for", "tbb::parallel_for (no serial ends)");
#endif
}

void add_go(row_list& rows) {
  const row_options& options = rows.options();
  if (!options.go_program.empty() && rows.wants("go")) {
    rows.add("go", "Go: goroutines and channels",
             [program = options.go_program, s = options.common](const load& l) {
               return run_go(program, s, l);
             });
  }
}

}  // namespace

std::vector<std::string> peer_names() {
  return {"plain",
          "parwork",
          "parwork-completions",
          "parwork-split",
          "tbb-batched",
          "tbb",
          "tbb-for",
          "futures",
          "go-port",
          "go"};
}

std::vector<row> make_rows(const row_options& options) {
  row_list rows(options);
  // Always there: everything else is measured against it.
  rows.add("plain", "plain loop",
           with_serial_ends<peers::plain>([](const load&) { return peers::plain({}); },
                                          promise::all_in_order, "plain loop"));
  rows.add_ordered<peers::parwork_results>("parwork", "parwork");
  rows.add_ordered<peers::parwork_completions>("parwork-completions", "parwork, completions");
  rows.add_indexed<peers::parwork_split>("parwork-split", "parwork, split and reduce");
  add_tbb(rows);
  rows.add_fixed<peers::futures>("futures", "thread pool with futures (input order)",
                                 promise::all_in_order);
  rows.add_fixed<peers::go_port>("go-port", "port of Go's design: mutex and condition variable",
                                 promise::all_results);
  add_go(rows);
  return rows.take();
}

std::vector<std::string> missing_peers(const row_options& options) {
  std::vector<std::string> missing;
  const row_list rows(options);
#ifndef PARWORK_BENCH_TBB
  if (rows.wants("tbb") || rows.wants("tbb-batched") || rows.wants("tbb-for")) {
    missing.emplace_back("oneTBB was not found when this was built: its rows are left out.");
  }
#endif
  if (options.go_program.empty() && rows.wants("go")) {
    missing.emplace_back("No Go program was given: its rows are left out.");
  }
  return missing;
}

}  // namespace bench
