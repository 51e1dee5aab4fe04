// What the benchmark programs have in common.
#pragma once

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

/// Runs a program's body and prints what it returns. Exceptions become a message that starts with
/// the program's name, and status 1.
int run_program(int argc, char** argv, results (*body)(int argc, char** argv));

}  // namespace bench
