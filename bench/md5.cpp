// MD5 of short strings: the example program as users build it, beside the same search in Go.
//
// The programs measure themselves and take turns. Metric: ns a string.

#include <cstdint>
#include <regex>
#include <stdexcept>
#include <string>

#include "peers/setup.hpp"
#include "support/arguments.hpp"
#include "support/child.hpp"
#include "support/program.hpp"
#include "support/quiet.hpp"
#include "support/results.hpp"

namespace {

using namespace bench;

constexpr const char* usage =
    R"(usage: bench_md5 [--option value]...
  --rounds N        measurements of each program, interleaved (default 3)
  --items N         strings that Go hashes in a run (default 3000000)
  --example PROGRAM examples/md5_brute_force; without it its row is left out
  --go PROGRAM      the Go peer, likewise
)";

struct settings {
  std::uint64_t items = 0;
  std::string example;
  std::string go;
  setup common;
};

const subject parwork_example{"parwork", "parwork, examples/md5_brute_force"};
const subject go_loop{"go-loop", "Go: plain loop"};
const subject go_channels{"go", "Go: goroutines and channels"};
const subject go_example{
    "go-example", "Go: the same, hashing as the example of Go's parwork does (md5.New().Sum)"};

const std::string all_strings = "4 characters";

// The example looks for the last string there is, and says how long all of them took.
void measure_example(const settings& s, results& into) {
  const std::string md5_of_9999 = "fa246d0262c3925617b0c72bb20eeb1d";
  const std::string text = output_of({s.example, "--hash", md5_of_9999, "--length", "4", "--all",
                                      "--workers", std::to_string(s.common.workers)},
                                     errors::dropped);  // the summary
  static const std::regex told("tried ([0-9]+) of ([0-9]+) strings in ([0-9.]+) s");
  std::smatch found;
  if (!std::regex_search(text, found, told) || found[1] != found[2] ||
      text.find("found 9999") == std::string::npos) {
    throw std::runtime_error("md5_brute_force did not find its string, but said: " + text);
  }
  into.add_sample(parwork_example, all_strings, "ns",
                  std::stod(found[3]) * 1e9 / std::stod(found[1]));
}

// Go's program checks that both of its ways came to the same.
void measure_go(const settings& s, const std::string& hash, results& into) {
  const std::string label = "the Go peer";
  const std::string text =
      output_of({s.go, "md5", "-hash", hash, "-items", std::to_string(s.items), "-workers",
                 std::to_string(s.common.workers), "-queue", std::to_string(s.common.queue)});
  if (value_of(text, "count", label) != std::to_string(s.items)) {
    throw std::runtime_error(label + " lost strings");
  }
  const double ns = std::stod(value_of(text, "ns", label));
  if (hash == "input") {
    into.add_sample(go_loop, all_strings, "ns", std::stod(value_of(text, "plain_ns", label)));
    into.add_sample(go_channels, all_strings, "ns", ns);
  } else {
    into.add_sample(go_example, all_strings, "ns", ns);
  }
}

void measure(const settings& s, quiet_moments& quiet, results& into) {
  if (!s.example.empty()) {
    quiet.wait();
    measure_example(s, into);
  }
  if (!s.go.empty()) {
    quiet.wait();
    measure_go(s, "input", into);
    measure_go(s, "nothing", into);
  }
}

settings parse(arguments& args) {
  settings s;
  s.items = args.number("items", 3'000'000);
  s.example = args.text("example", "");
  s.go = args.text("go", "");
  s.common = common_setup(args);
  return s;
}

results run(int argc, char** argv) {
  arguments args(argc, argv, std::string(usage) + common_usage);
  const settings s = parse(args);
  interleaved rounds(args, 3);
  results found("md5");
  add_conditions(found, s.common);
  found.condition("items", static_cast<double>(s.items));
  if (s.example.empty()) {
    found.note("md5_brute_force was not built (Debian's libssl-dev): left out.");
  }
  if (s.go.empty()) {
    found.note("No Go program was given (Debian's golang-go): left out.");
  }
  rounds.measure(found, [&](quiet_moments& quiet) { measure(s, quiet, found); });
  return found;
}

}  // namespace

int main(int argc, char** argv) { return run_program(argc, argv, run); }
