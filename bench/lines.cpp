// The lines of a stream as items: `parwork::lines`, which fills strings that are used again, beside
// a generator of std::getline that returns a new string for each, and beside plain loops.
//
// The stream is in memory, so that no disk is measured. Work adds up the bytes of its line. Lines
// of 10 bytes fit a std::string itself, those of 100 need memory from the heap. Peers take turns.
// Metrics: ns and cpu_ns, a line.

#include <parwork/parwork.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <istream>
#include <numeric>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "peers/parwork.hpp"
#include "peers/setup.hpp"
#include "support/arguments.hpp"
#include "support/cpu_time.hpp"
#include "support/load.hpp"
#include "support/program.hpp"
#include "support/quiet.hpp"
#include "support/results.hpp"
#include "support/statistics.hpp"

namespace {

using namespace bench;

constexpr const char* usage =
    R"(usage: bench_lines [--option value]...
  --rounds N        measurements of each peer, interleaved (default 15)
  --items N         lines (default 200000)
)";

std::uint64_t sum_of(const std::string& line) {
  return std::accumulate(line.begin(), line.end(), std::uint64_t{0}, [](std::uint64_t sum, char c) {
    return sum + static_cast<unsigned char>(c);
  });
}

/// Goes through all lines; returns the tally of their sums.
using reader = std::function<tally(std::istream& input)>;

tally by_reused_string(std::istream& input) {
  tally found;
  for (std::string line; std::getline(input, line);) {
    found(sum_of(line));
  }
  return found;
}

std::optional<std::string> new_line_of(std::istream& input) {
  std::optional<std::string> line(std::in_place);
  if (!std::getline(input, *line)) {
    line.reset();
  }
  return line;
}

tally by_new_strings(std::istream& input) {
  tally found;
  while (const auto line = new_line_of(input)) {
    found(sum_of(*line));
  }
  return found;
}

template <class Generator>
tally by_parwork(Generator generate, const parwork::options& options) {
  tally found;
  static_cast<void>(
      parwork::process(generate, sum_of, [&](std::uint64_t sum) { found(sum); }, options));
  return found;
}

struct contender {
  subject who;
  reader read;
};

std::vector<contender> contenders(const setup& s) {
  const parwork::options options = peers::parwork_options(s);
  return {
      {{"plain", "plain loop, one string used again"}, by_reused_string},
      {{"plain-new", "plain loop, a new string each"}, by_new_strings},
      {{"parwork", "parwork::lines"},
       [options](std::istream& input) { return by_parwork(parwork::lines(input), options); }},
      {{"parwork-new", "a generator of std::getline that returns a string"},
       [options](std::istream& input) {
         return by_parwork([&input] { return new_line_of(input); }, options);
       }},
  };
}

/// What is read, and what all must come to.
struct document {
  std::string name;
  std::string text;
  tally right;
};

document document_of(std::size_t length, std::uint64_t items) {
  document made{.name = std::to_string(length) + " bytes", .text = {}, .right = {}};
  made.text.reserve(items * (length + 1));
  for (std::uint64_t i = 0; i < items; ++i) {
    made.text.append(length, static_cast<char>('a' + splitmix(i) % 26)).append(1, '\n');
  }
  std::istringstream input(made.text);
  made.right = by_reused_string(input);
  return made;
}

void measure(const contender& c, const document& from, results& into) {
  std::istringstream input(from.text);
  settle();
  const cpu_watch cpu;
  const stopwatch watch;
  const tally found = c.read(input);
  const double ns = watch.ns();
  const double cpu_ns = cpu.ns();
  if (found.count != from.right.count || found.sum != from.right.sum) {
    throw std::runtime_error(c.who.label + " lost or changed lines");
  }
  const auto lines = static_cast<double>(found.count);
  into.add_sample(c.who, from.name, "ns", ns / lines);
  into.add_sample(c.who, from.name, "cpu_ns", cpu_ns / lines);
}

results run(int argc, char** argv) {
  arguments args(argc, argv, std::string(usage) + common_usage);
  const std::uint64_t items = args.number("items", 200'000);
  const setup common = common_setup(args);
  interleaved rounds(args, 15);
  results found("lines");
  add_conditions(found, common);
  found.condition("items", static_cast<double>(items));
  std::vector<document> documents;
  for (const std::size_t length : {10, 100}) {
    documents.push_back(document_of(length, items));
  }
  const std::vector<contender> all = contenders(common);
  rounds.measure(found, [&](quiet_moments& quiet) {
    quiet.wait();
    for (const document& each : documents) {
      for (const contender& c : all) {
        measure(c, each, found);
      }
    }
  });
  return found;
}

}  // namespace

int main(int argc, char** argv) { return run_program(argc, argv, run); }
