#include "support/program.hpp"

#include <parwork/parwork.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>

namespace bench {

setup common_setup(arguments& args) {
  setup common;
  common.workers =
      static_cast<unsigned>(args.number("workers", parwork::available_cpus(), 1, 4096));
  common.queue = args.number("queue", 100UL * common.workers);
  return common;
}

quiet_moments common_patience(arguments& args, double expected) {
  return {std::chrono::milliseconds(args.number("patience-ms", 0, 0, 600'000)), expected};
}

void add_conditions(results& into, const setup& common) {
  into.condition("workers", common.workers);
  into.condition("cores", std::min(common.workers, parwork::available_cpus()));
  into.condition("queue", static_cast<double>(common.queue));
}

interleaved::interleaved(arguments& args, std::uint64_t usual)
    : rounds_(args.number("rounds", usual)), quiet_(common_patience(args)) {
  args.done();
}

void interleaved::measure(results& into, const std::function<void(quiet_moments& quiet)>& round) {
  into.condition("rounds", static_cast<double>(rounds_));
  for (std::uint64_t done = 0; done < rounds_; ++done) {
    round(quiet_);
  }
  quiet_.report(into);
}

int run_program(int argc, char** argv, results (*body)(int argc, char** argv)) {
  try {
    std::cout << body(argc, argv) << std::flush;
    return std::cout ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", std::filesystem::path(argv[0]).filename().c_str(), e.what());
    return 1;
  }
}

}  // namespace bench
