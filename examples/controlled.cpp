// controlled: counts prime numbers, pauses on a signal, takes its number of workers from a file.
//
// Shows: `start`, which leaves the main thread free to wait for signals; `pause` and `resume` on
// SIGUSR1; `set_workers`, so that a scheduler, or a person with an editor, decides how many cores
// a long run takes.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <parwork/parwork.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "common/program.hpp"

namespace {

constexpr std::string_view usage =
    R"(usage: controlled [--below N] [--workers-file FILE]

Counts the prime numbers below N. SIGUSR1 pauses it, the next one resumes it; Ctrl-C ends it.

  --below N            default: 20000000
  --workers-file FILE  its first word is the number of workers, and may change at any time

Exit status: 0 the end was reached; 2 bad usage; 130 interrupted.
)";

constexpr std::uint64_t numbers_per_item = 1U << 12U;

bool is_prime(std::uint64_t number) {
  for (std::uint64_t divisor = 2; divisor * divisor <= number; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return number > 1;
}

std::optional<unsigned> workers_in(const std::string& file) {
  std::ifstream in(file);
  unsigned workers = 0;
  if (!(in >> workers) || workers == 0 || workers > parwork::max_workers) return std::nullopt;
  return workers;
}

int body(examples::arguments& words) {
  const std::uint64_t below = words.number("--below", 20'000'000, 2, std::uint64_t{1} << 40U);
  const std::optional<std::string> file = words.value("--workers-file");
  if (!words.operands().empty()) throw examples::usage_error("there are no operands");

  // Before any other thread starts: they all leave these signals to the loop below.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int each : {SIGUSR1, SIGINT}) sigaddset(&signals, each);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::uint64_t primes = 0;
  const auto generator = [next = std::uint64_t{0},
                          below]() mutable -> std::optional<std::uint64_t> {
    if (next >= below) return std::nullopt;
    return std::exchange(next, next + numbers_per_item);
  };
  const auto count = [below](std::uint64_t begin) {
    std::uint64_t found = 0;
    for (std::uint64_t n = begin; n < below && n < begin + numbers_per_item; ++n) {
      found += is_prime(n) ? 1 : 0;
    }
    return found;
  };
  // [start]
  parwork::running run =
      parwork::start(generator, count, [&primes](std::uint64_t found) { primes += found; });
  // [/start]
  std::fprintf(stderr, "started\n");

  // [loop]
  constexpr timespec a_moment{.tv_sec = 0, .tv_nsec = 50'000'000};
  while (!run.done()) {
    const int signal = sigtimedwait(&signals, nullptr, &a_moment);
    if (signal == SIGINT) run.request_stop();
    if (signal == SIGUSR1) {
      const bool was_paused = run.control().is_paused();
      was_paused ? run.control().resume() : run.control().pause();
      std::fprintf(stderr, was_paused ? "resumed\n" : "paused\n");
    }
    if (const auto workers = file ? workers_in(*file) : std::nullopt) {
      run.control().set_workers(*workers);
    }
  }
  const parwork::summary summary = run.wait();
  // [/loop]

  if (!summary.stopped) {
    std::printf("%llu primes below %llu\n", static_cast<unsigned long long>(primes),
                static_cast<unsigned long long>(below));
  }
  examples::flush_output();
  std::cerr << summary << '\n';
  return summary.stopped ? examples::interrupted : examples::all_done;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
