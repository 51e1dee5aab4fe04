// cancel: counts prime numbers until Ctrl-C, then says how far it came.
//
// Shows: a stop token for the run. After the stop the generator is not called again, items that
// were started are finished, the others arrive as cancelled: nothing is lost, and in input order
// the successes before the first cancelled item are an unbroken piece of the input.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <parwork/parwork.hpp>
#include <string_view>
#include <vector>

#include "common/interrupt.hpp"
#include "common/program.hpp"

namespace {

constexpr std::string_view usage =
    R"(usage: cancel [--below N] [--workers N]

Counts the prime numbers from 2 on until Ctrl-C, then prints how many there are below the number
that was reached.

  --below N     stop by itself there (default: never)
  --workers N   threads (default: the CPUs that may be used)

Exit status: 0 the end was reached; 2 bad usage; 130 interrupted.
)";

/// Prime divisors up to 2^20 suffice for numbers up to 2^40.
constexpr std::uint64_t highest = std::uint64_t{1} << 40U;
constexpr std::uint64_t numbers_per_item = 1U << 16U;

struct interval {
  std::uint64_t begin;
  std::uint64_t end;
};

std::vector<std::uint64_t> primes_below(std::uint64_t end) {
  std::vector<bool> composite(end);
  std::vector<std::uint64_t> primes;
  for (std::uint64_t number = 2; number < end; ++number) {
    if (composite[number]) continue;
    primes.push_back(number);
    for (std::uint64_t multiple = number * number; multiple < end; multiple += number) {
      composite[multiple] = true;
    }
  }
  return primes;
}

/// Sieves one interval: some milliseconds at most, so there is no need to watch the stop token.
std::uint64_t count_primes(interval numbers, const std::vector<std::uint64_t>& divisors) {
  std::vector<bool> composite(numbers.end - numbers.begin);
  for (const std::uint64_t divisor : divisors) {
    if (divisor * divisor >= numbers.end) break;
    const std::uint64_t first = (numbers.begin + divisor - 1) / divisor * divisor;
    for (std::uint64_t multiple = std::max(first, divisor * divisor); multiple < numbers.end;
         multiple += divisor) {
      composite[multiple - numbers.begin] = true;
    }
  }
  return static_cast<std::uint64_t>(std::ranges::count(composite, false));
}

int body(examples::arguments& words) {
  // [interrupt]
  const examples::interrupt ctrl_c;  // before any other thread starts
  // [/interrupt]
  const std::uint64_t below = words.number("--below", highest, 2, highest);
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  if (!words.operands().empty()) throw examples::usage_error("there are no operands");
  const std::vector<std::uint64_t> divisors = primes_below((1U << 20U) + 1);

  // [run]
  std::uint64_t next = 2;
  const auto generator = [&]() -> std::optional<interval> {
    if (next == below) return std::nullopt;
    const std::uint64_t begin = next;
    next = std::min(below, begin + numbers_per_item);
    return interval{begin, next};
  };

  std::uint64_t reached = 2;
  std::uint64_t primes = 0;
  const auto collector = [&](const parwork::completion<interval, std::uint64_t>& done) {
    // An item behind the first cancelled one may have been started: it does not count.
    if (!done.result || done.item.begin != reached) return;
    reached = done.item.end;
    primes += *done.result;
  };

  const parwork::summary summary = parwork::process(
      generator, [&](interval numbers) { return count_primes(numbers, divisors); }, collector,
      {.workers = workers,
       .order = parwork::ordering::input,
       .stop = ctrl_c.token(),
       .on_progress = parwork::progress_bar(stderr, "primes")});
  // [/run]

  std::printf("%llu primes below %llu\n", static_cast<unsigned long long>(primes),
              static_cast<unsigned long long>(reached));
  examples::flush_output();
  std::cerr << summary << '\n';
  return summary.stopped ? examples::interrupted : examples::all_done;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
