// Resident memory against the number of items: it depends on the queue, not on how long a run is.
//
// Each line is a process of its own that goes through ever more items and notes its peak after
// each. Items own memory on the heap, so that one which is kept too long shows.

#include <parwork/parwork.hpp>

#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
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
#include "support/table.hpp"

namespace {

using namespace bench;

constexpr const char* usage =
    R"(usage: bench_memory [--option value]...
  --items LIST   items of each run (default 100000,1000000,10000000)
  --bytes N      heap memory of an item (default 256)
  --workers N    (default: the CPUs that this process may use)
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
      keep(collect);
      if (collect.count != count) {
        throw std::runtime_error("items were lost");
      }
      after.push_back(peak_resident());
    }
    return after;
  });
}

settings parse(int argc, char** argv) {
  arguments args(argc, argv, usage);
  settings s{};
  for (const std::string& count : args.list("items", "100000,1000000,10000000")) {
    try {
      s.items.push_back(std::stoull(count));
    } catch (const std::logic_error&) {
      args.refuse("'" + count + "' is no number of items");
    }
  }
  s.bytes = args.number("bytes", 256);
  s.common.workers =
      static_cast<unsigned>(args.number("workers", parwork::available_cpus(), 1, 4096));
  s.common.queue = 100UL * s.common.workers;
  args.done();
  return s;
}

int run(int argc, char** argv) {
  const settings s = parse(argc, argv);
  setup in_order = s.common;
  in_order.order = delivery::input;
  const std::uint64_t slow = 5000;  // about 10 us
  std::vector<std::string> header{"peak resident memory, MiB"};
  for (const std::uint64_t count : s.items) {
    header.push_back(std::to_string(count) + " items");
  }
  table t(header);
  const auto add = [&](const std::string& label, const std::vector<double>& measured) {
    std::vector<std::string> line{label};
    for (const double mib : measured) {
      line.push_back(fixed(mib, 1));
    }
    t.add(line);
  };
  add("parwork", peaks<peers::parwork_results>(s, s.common, 0));
  add("parwork, input order", peaks<peers::parwork_results>(s, in_order, 0));
  add("parwork, input order, some slow items", peaks<peers::parwork_results>(s, in_order, slow));
  add("parwork, completions", peaks<peers::parwork_completions>(s, s.common, 0));
  std::cout << "Items own " << s.bytes << " bytes on the heap each; " << s.common.workers
            << " workers, queue " << s.common.queue << ".\n\n"
            << t << std::flush;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_memory: %s\n", e.what());
    return 1;
  }
}
