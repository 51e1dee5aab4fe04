// Resident memory against the number of items: it depends on the queue, not on how long a run is.
//
// Each peer has a process of its own that goes through ever more items and notes its peak after
// each. Items own memory on the heap, so that one which is kept too long shows. Metric: mib, the
// peak.

#include <parwork/parwork.hpp>

#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "peers/parwork.hpp"
#include "peers/setup.hpp"
#include "support/arguments.hpp"
#include "support/child.hpp"
#include "support/load.hpp"
#include "support/program.hpp"
#include "support/results.hpp"

namespace {

using namespace bench;

constexpr const char* usage =
    R"(usage: bench_memory [--option value]...
  --items LIST      items of each run (default 100000,1000000,10000000)
  --bytes N         heap memory of an item (default 256)
)";

struct settings {
  std::vector<std::uint64_t> items;
  std::size_t bytes;
  setup common;
};

using heap_item = std::vector<char>;

class heap_source {
 public:
  heap_source(std::uint64_t count, std::size_t bytes) : left_(count), bytes_(bytes) {}

  std::optional<heap_item> operator()() {
    if (left_ == 0) {
      return std::nullopt;
    }
    --left_;
    return heap_item(bytes_, static_cast<char>(left_));
  }

 private:
  std::uint64_t left_;
  std::size_t bytes_;
};

/// Every `every`-th item takes `steps`; behind it, an ordered run has to hold others back.
class sometimes_slow {
 public:
  sometimes_slow(std::uint64_t every, std::uint64_t steps) : every_(every), steps_(steps) {}

  std::uint64_t operator()(const heap_item& it) const {
    const auto first = static_cast<unsigned char>(it.front());
    return spin(first, first % every_ == 0 ? steps_ : 0);
  }

 private:
  std::uint64_t every_;
  std::uint64_t steps_;
};

// The sum of all results: the first bytes of `count` items are their numbers from 0, modulo 256.
std::uint64_t expected_sum(const sometimes_slow& work, std::uint64_t count) {
  constexpr std::uint64_t bytes = 256;
  std::uint64_t sum = 0;
  for (std::uint64_t first = 0; first < bytes; ++first) {
    const std::uint64_t times = count / bytes + (first < count % bytes ? 1 : 0);
    sum += times * work(heap_item(1, static_cast<char>(first)));
  }
  return sum;
}

// In MiB.
double peak_resident() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / 1024;
}

template <class Peer>
std::vector<double> peaks(const settings& s, const setup& common, std::uint64_t slow_steps) {
  return in_child([&] {
    std::vector<double> after;
    for (const std::uint64_t count : s.items) {
      heap_source generate(count, s.bytes);
      sometimes_slow work(128, slow_steps);
      tally collect;
      Peer(common).run(generate, work, collect);
      if (collect.count != count || collect.sum != expected_sum(work, count)) {
        throw std::runtime_error("results were lost or changed");
      }
      after.push_back(peak_resident());
    }
    return after;
  });
}

settings parse(arguments& args) {
  settings s{};
  for (const std::string& count : args.list("items", "100000,1000000,10000000")) {
    try {
      s.items.push_back(std::stoull(count));
    } catch (const std::logic_error&) {
      args.refuse("'" + count + "' is no number of items");
    }
  }
  s.bytes = args.number("bytes", 256);
  s.common = common_setup(args);
  return s;
}

results run(int argc, char** argv) {
  arguments args(argc, argv, std::string(usage) + common_usage);
  const settings s = parse(args);
  static_cast<void>(common_patience(args));  // memory does not depend on what others do
  args.done();
  setup in_order = s.common;
  in_order.order = delivery::input;
  const std::uint64_t slow = 5000;  // about 10 us

  results found("memory");
  add_conditions(found, s.common);
  found.condition("bytes", static_cast<double>(s.bytes));
  const auto add = [&](const subject& who, const std::vector<double>& measured) {
    for (std::size_t n = 0; n < s.items.size(); ++n) {
      found.add(who, std::to_string(s.items[n]), "mib", {measured.at(n)});
    }
  };
  using peers::parwork_completions;
  using peers::parwork_results;
  add({"parwork", "parwork"}, peaks<parwork_results>(s, s.common, 0));
  add({"parwork-input", "parwork, input order"}, peaks<parwork_results>(s, in_order, 0));
  add({"parwork-input-slow", "parwork, input order, some slow items"},
      peaks<parwork_results>(s, in_order, slow));
  add({"parwork-completions", "parwork, completions"}, peaks<parwork_completions>(s, s.common, 0));
  return found;
}

}  // namespace

int main(int argc, char** argv) { return run_program(argc, argv, run); }
