// getting_started: says of each line of a file whether it is a prime number, in the order of the
// lines. The program at the end of docs/getting_started.md; it needs nothing but parwork.
#include <pthread.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <expected>
#include <fstream>
#include <iostream>
#include <parwork/parwork.hpp>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>

// [work]
std::expected<bool, std::string> is_prime(const std::string& line) {
  std::uint64_t number = 0;
  const char* const end = line.data() + line.size();
  const auto [stopped_at, error] = std::from_chars(line.data(), end, number);
  if (error != std::errc() || stopped_at != end) return std::unexpected("not a number");
  for (std::uint64_t divisor = 2; divisor <= number / divisor; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return number >= 2;
}
// [/work]

// [interrupt]
/// Call it before any other thread starts: threads inherit the blocked signal.
std::stop_token stop_on_ctrl_c() {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, nullptr);
  std::stop_source source;
  std::thread([interrupt, source]() mutable {
    int signal = 0;
    sigwait(&interrupt, &signal);
    source.request_stop();  // the first Ctrl-C ends the run
    sigwait(&interrupt, &signal);
    std::_Exit(130);  // the second one ends the program
  }).detach();
  return source.get_token();
}
// [/interrupt]

int main(int argc, char** argv) {
  const std::stop_token ctrl_c = stop_on_ctrl_c();
  std::ifstream numbers(argc > 1 ? argv[1] : "numbers.txt");

  // [collector]
  using checked = parwork::completion<std::string, bool>;
  const auto print = [](const checked& line) {
    if (line.result) {
      std::cout << line.item << (*line.result ? " is prime\n" : " is not\n");
    } else if (line.result.error().kind() != parwork::failure_kind::cancelled) {
      std::cerr << "line " << line.index + 1 << ": " << line.result.error() << '\n';
    }
  };
  // [/collector]

  // [run]
  const parwork::summary summary =
      parwork::process(parwork::lines(numbers), is_prime, print,
                       {.order = parwork::ordering::input,
                        .stop = ctrl_c,
                        .on_progress = parwork::progress_bar(stderr, "checking")});
  std::cerr << summary << '\n';
  // [/run]
  if (summary.stopped) return 130;
  return summary.failed == 0 ? 0 : 1;
}
