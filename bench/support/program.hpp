// What the benchmark programs have in common.
#pragma once

#include <cstdint>
#include <functional>

#include "peers/setup.hpp"
#include "support/arguments.hpp"
#include "support/quiet.hpp"
#include "support/results.hpp"

namespace bench {

/// The lines of a usage text for what common_setup() and common_patience() read.
inline constexpr const char* common_usage =
    R"(  --workers N       (default: the CPUs that this process may use)
  --queue N         items in flight (default: 100 per worker)
  --patience-ms N   how long to wait for quiet moments, in all (default 0: not at all)
)";

/// Reads --workers and --queue.
setup common_setup(arguments& args);

/// Reads --patience-ms. `expected`: cores that are busy by intent.
quiet_moments common_patience(arguments& args, double expected = 0);

/// The conditions workers, cores (that they can use at once) and queue.
void add_conditions(results& into, const setup& common);

/// Measurements in rounds, so that what the machine does meanwhile falls on all peers alike.
class interleaved {
 public:
  /// Reads --rounds, of which `usual` are the default, and --patience-ms, and refuses what has not
  /// been read by now.
  interleaved(arguments& args, std::uint64_t usual);

  /// Adds the conditions rounds and quiet_moments::report's. `round` adds its samples, and waits
  /// before each block.
  void measure(results& into, const std::function<void(quiet_moments& quiet)>& round);

 private:
  std::uint64_t rounds_;
  quiet_moments quiet_;
};

/// Runs a program's body and prints what it returns. Exceptions become a message that starts with
/// the program's name, and status 1.
int run_program(int argc, char** argv, results (*body)(int argc, char** argv));

}  // namespace bench
