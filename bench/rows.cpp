#include "rows.hpp"

#include <algorithm>
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
#include "support/cpu_time.hpp"
#include "support/statistics.hpp"
#if PARWORK_BENCH_ASIO
#include "peers/asio.hpp"
#endif
#if PARWORK_BENCH_MOODYCAMEL
#include "peers/moodycamel.hpp"
#endif
#if PARWORK_BENCH_OPENMP
#include "peers/openmp.hpp"
#endif
#if PARWORK_BENCH_TBB
#include "peers/tbb.hpp"
#endif

namespace bench {

namespace {

// What the collector must have seen in the end.
enum class promise { all_results, all_in_order };

const tally& expected(const load& l) {
  static std::map<std::pair<grain_steps, std::uint64_t>, tally> known;
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

// Wall and CPU time of a run over `count` items.
template <class Run>
measurement timed(std::uint64_t count, Run run) {
  const auto items = static_cast<double>(count);
  const cpu_watch cpu;
  const stopwatch watch;
  run();
  const double ns = watch.ns();
  return {.item = {.ns = ns / items, .cpu_ns = cpu.ns() / items}, .own_plain = {}};
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
    const measurement m = timed(l.count, [&] { peer.run(generate, work, collect); });
    check(collect, l, promised, label);
    return m;
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
    tally collected;
    const measurement m =
        timed(l.count, [&] { collected = peer.template run_indices<tally>(l.count, work); });
    check(collected, l, promise::all_results, label);
    return m;
  };
}

// A program in another language: it measures itself beside a plain loop of its own.
measurement run_program_peer(const std::string& program, const std::string& label, const setup& s,
                             const load& l) {
  const std::string line =
      output_of({program, "throughput", "-steps", std::to_string(l.steps.usual), "-items",
                 std::to_string(l.count), "-workers", std::to_string(s.workers), "-queue",
                 std::to_string(s.queue)});
  const auto whole = [&](const std::string& key) {
    return std::stoull(value_of(line, key, label));
  };
  const auto real = [&](const std::string& key) { return std::stod(value_of(line, key, label)); };
  check({.count = whole("count"), .sum = whole("sum")}, l, promise::all_results, label);
  return {.item = {.ns = real("ns"), .cpu_ns = real("cpu_ns")},
          .own_plain = cost{.ns = real("plain_ns"), .cpu_ns = real("plain_cpu_ns")}};
}

class row_list {
 public:
  explicit row_list(const row_options& options) : options_(options) {}

  std::vector<row> take() { return std::move(rows_); }

  [[nodiscard]] bool wants(const std::string& peer) const {
    return options_.peers.empty() ||
           std::ranges::find(options_.peers, peer) != options_.peers.end();
  }

  // Of those that have a table of their own.
  [[nodiscard]] bool names(const std::string& peer) const {
    return !options_.peers.empty() && wants(peer);
  }

  void add(const std::string& peer, const std::string& label,
           std::function<measurement(const load&)> run) {
    rows_.push_back({.who = {.peer = peer, .label = label}, .run = std::move(run)});
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
      add(in_order ? peer + "-input" : peer, full,
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

// Forms of work that have a table of their own.
template <class Make>
void add_form(row_list& rows, const std::string& peer, const std::string& label) {
  if (rows.names(peer)) {
    rows.add_ordered<peers::parwork_made<Make>>(peer, label);
  }
}

void add_forms(row_list& rows) {
  using namespace peers;
  add_form<make_keyed<0>>(rows, "parwork-keyed", "keyed, all keys different");
  add_form<make_keyed<16>>(rows, "parwork-keyed-16", "keyed, 16 keys");
  add_form<make_limited>(rows, "parwork-limited", "limited, a place for each worker");
  add_form<make_async>(rows, "parwork-async", "completer, used at once");
  add_form<make_async_spans>(rows, "parwork-async-spans", "asynchronous spans, queue 10,000");
  add_form<make_one_function>(rows, "parwork-one-function", "one function that calls three");
  add_form<make_stages>(rows, "parwork-stages", "stages of the three");
}

void add_parwork(row_list& rows) {
  rows.add_ordered<peers::parwork_results>("parwork", "parwork");
  if (rows.names("parwork-recorded")) {
    rows.add_ordered<peers::parwork_recorded>("parwork-recorded", "parwork, recorded");
  }
  add_forms(rows);
  rows.add_ordered<peers::parwork_completions>("parwork-completions", "parwork, completions");
  rows.add_ordered<peers::parwork_batched>("parwork-batched", "parwork, batched");
  rows.add_indexed<peers::parwork_split>("parwork-split", "parwork, split and reduce");
}

void add_tbb([[maybe_unused]] row_list& rows) {
#if PARWORK_BENCH_TBB
  // By hand means: the user knows the grain and picks batches of about 25 us. For the shortest
  // items that is far more memory than `queue` items, as it is for whoever tunes it.
  static constexpr double batch_ns = 25'000;
  static constexpr double empty_ns = 8;
  rows.add_ordered<peers::tbb_batched>(
      "tbb-batched", "oneTBB pipeline, batched by hand", [](const setup& s, const load& l) {
        const double fitting = batch_ns / (l.grain_ns + empty_ns);
        return peers::tbb_batched(s, static_cast<std::size_t>(std::max(fitting, 1.0)));
      });
  rows.add_ordered<peers::tbb_pipeline>("tbb", "oneTBB pipeline, per item");
  rows.add_fixed<peers::tbb_for_each>("tbb-for-each", "tbb::parallel_for_each, input iterator",
                                      promise::all_results);
  rows.add_indexed<peers::tbb_for>("tbb-for", "tbb::parallel_for (no serial ends)");
#endif
}

void add_queues([[maybe_unused]] row_list& rows) {
#if PARWORK_BENCH_OPENMP
  rows.add_fixed<peers::openmp_tasks>("openmp", "OpenMP tasks", promise::all_results);
#endif
#if PARWORK_BENCH_ASIO
  rows.add_fixed<peers::asio_pool>("asio", "Boost.Asio thread_pool", promise::all_results);
#endif
#if PARWORK_BENCH_MOODYCAMEL
  rows.add_fixed<peers::moodycamel_queue>("moodycamel", "moodycamel's blocking queue",
                                          promise::all_results);
#endif
  rows.add_fixed<peers::futures>("futures", "thread pool with futures (input order)",
                                 promise::all_in_order);
  rows.add_fixed<peers::go_port>("go-port", "port of Go's design: mutex and condition variable",
                                 promise::all_results);
}

void add_program(row_list& rows, const std::string& peer, const std::string& label,
                 const std::string& program) {
  if (!program.empty() && rows.wants(peer)) {
    rows.add(peer, label, [program, label, s = rows.options().common](const load& l) {
      return run_program_peer(program, label, s, l);
    });
  }
}

}  // namespace

std::vector<std::string> peer_names() {
  return {"plain",
          "parwork",
          "parwork-recorded",
          "parwork-keyed",
          "parwork-keyed-16",
          "parwork-limited",
          "parwork-async",
          "parwork-async-spans",
          "parwork-one-function",
          "parwork-stages",
          "parwork-completions",
          "parwork-batched",
          "parwork-split",
          "tbb-batched",
          "tbb",
          "tbb-for-each",
          "tbb-for",
          "openmp",
          "asio",
          "moodycamel",
          "futures",
          "go-port",
          "go",
          "rust"};
}

std::vector<row> make_rows(const row_options& options) {
  row_list rows(options);
  // Always there: everything else is measured against it.
  rows.add("plain", "plain loop",
           with_serial_ends<peers::plain>([](const load&) { return peers::plain({}); },
                                          promise::all_in_order, "plain loop"));
  add_parwork(rows);
  add_tbb(rows);
  add_queues(rows);
  add_program(rows, "go", "Go: goroutines and channels", options.go_program);
  add_program(rows, "rust", "Rust: rayon's par_bridge", options.rust_program);
  return rows.take();
}

std::vector<std::string> missing_peers(const row_options& options) {
  struct need {
    std::vector<std::string> peers;
    bool here;
    std::string otherwise;
  };
  const std::vector<need> needs{
      {{"tbb-batched", "tbb", "tbb-for-each", "tbb-for"},
       PARWORK_BENCH_TBB != 0,
       "oneTBB was not found when this was built (Debian's libtbb-dev)"},
      {{"openmp"}, PARWORK_BENCH_OPENMP != 0, "The compiler that built this has no OpenMP"},
      {{"asio"},
       PARWORK_BENCH_ASIO != 0,
       "Boost.Asio was not found when this was built (Debian's libboost-dev)"},
      {{"moodycamel"},
       PARWORK_BENCH_MOODYCAMEL != 0,
       "moodycamel's queue was not found when this was built (Debian's libconcurrentqueue-dev)"},
      {{"go"}, !options.go_program.empty(), "No Go program was given (Debian's golang-go)"},
      {{"rust"},
       !options.rust_program.empty(),
       "No Rust program was given (Debian's cargo and librust-rayon-dev)"},
  };
  const row_list rows(options);
  std::vector<std::string> missing;
  for (const need& one : needs) {
    if (!one.here && std::ranges::any_of(one.peers, [&](auto& peer) { return rows.wants(peer); })) {
      missing.push_back(one.otherwise + ": left out.");
    }
  }
  return missing;
}

}  // namespace bench
