// resume_after_crash: the longest Collatz chains, by a program that may be killed at
// any instant and started again: what was finished before is not computed again.
//
// A Collatz chain starts at a number n and goes on with n/2 where n is even and 3n+1 where it is
// odd, until it comes to 1. The items are blocks of starts; the result is a block's longest chain.
//
// Shows: a journal with a key, a codec for a result type of one's own, a fingerprint, retry_failed.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <iostream>
#include <parwork/journal.hpp>
#include <parwork/parwork.hpp>
#include <ranges>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/interrupt.hpp"
#include "common/program.hpp"

namespace {

constexpr std::string_view usage =
    R"(usage: resume_after_crash [--blocks N] [--block N] [--highest N] [--retry-failed] FILE

Prints each Collatz chain that is longer than all that start below it. Keeps what is finished in
FILE, which is made where it is missing: kill the program and start it again, it goes on.

  --blocks N      how many blocks of starts (default: 200)
  --block N       starts in one block (default: 100000)
  --highest N     a block with a chain that rises above N fails (default: 10^14)
  --retry-failed  blocks whose failure is in FILE are tried again

Exit status: 0 all blocks done; 1 some failed, or FILE cannot be used; 2 bad usage; 130 interrupted.
)";

// [result]
struct block {
  std::uint64_t first, last;
};

struct chain {
  std::uint64_t start = 0;
  std::vector<std::uint64_t> numbers;  // from start to 1
};
// [/result]

}  // namespace

// [codec]
// How a result is stored: as the parts that have codecs already.
template <>
struct parwork::codec<chain> {
  using parts = std::pair<std::uint64_t, std::vector<std::uint64_t>>;

  static void encode(const chain& value, std::string& into) {
    codec<parts>::encode({value.start, value.numbers}, into);
  }
  static chain decode(std::string_view& from) {
    auto [start, numbers] = codec<parts>::decode(from);
    return {start, std::move(numbers)};
  }
};
// [/codec]

namespace {

// [work]
std::uint64_t next_in_chain(std::uint64_t n) { return n % 2 == 0 ? n / 2 : 3 * n + 1; }

/// The longest chain that starts in a block, the first one of equals.
std::expected<chain, std::string> longest_chain(const block& starts, std::uint64_t highest) {
  chain longest;
  std::uint64_t most_steps = 0;
  for (std::uint64_t start = starts.first; start <= starts.last; ++start) {
    std::uint64_t steps = 0;
    for (std::uint64_t n = start; n != 1; n = next_in_chain(n)) {
      if (n > highest) {
        return std::unexpected("the chain of " + std::to_string(start) + " rises above " +
                               std::to_string(highest));
      }
      ++steps;
    }
    if (longest.start != 0 && steps <= most_steps) continue;
    longest.start = start;
    most_steps = steps;
  }
  for (std::uint64_t n = longest.start; n != 1; n = next_in_chain(n)) longest.numbers.push_back(n);
  longest.numbers.push_back(1);
  return longest;
}
// [/work]

struct settings {
  std::uint64_t blocks, block, highest;
  bool retry_failed;
  std::string file;
};

// [run]
int print_chains(const settings& given, const std::stop_token& stop) {
  parwork::journal journal{
      given.file,
      {.retry_failed = given.retry_failed,
       // A block is known by its first start ...
       .key = [](const block& starts) { return starts.first; },
       // ... which says what it is only beside the size of blocks. `highest` is not in here: what a
       // block's result is does not depend on it, only whether it has one.
       .fingerprint = "longest chains, blocks of " + std::to_string(given.block)}};
  const std::uint64_t before = journal.size();
  std::cerr << before << " blocks are in " << given.file << '\n';

  const auto block_at = [&](std::uint64_t i) {
    return block{i * given.block + 1, (i + 1) * given.block};
  };

  std::atomic<std::uint64_t> worked_on = 0;
  const auto work = [&](const block& starts) {
    ++worked_on;
    return longest_chain(starts, given.highest);
  };

  // Sees every block in every run, those of earlier runs too: so it may begin from nothing.
  std::size_t most = 0;
  const auto print = [&](const parwork::completion<block, chain>& done) {
    if (!done.result) {
      if (done.attempts > 0) std::cerr << "failed: " << done.result.error() << '\n';
    } else if (done.result->numbers.size() > most) {
      most = done.result->numbers.size();
      std::printf("%llu: %zu numbers\n", static_cast<unsigned long long>(done.result->start), most);
    }
  };

  const parwork::summary summary = parwork::process(
      journal, std::views::iota(std::uint64_t{0}, given.blocks) | std::views::transform(block_at),
      work, print, {.order = parwork::ordering::input, .stop = stop});
  examples::flush_output();
  std::cerr << "worked on " << worked_on << " blocks of " << summary.produced << '\n'
            << summary << '\n';
  if (summary.stopped) return examples::interrupted;
  return summary.failed == 0 ? examples::all_done : examples::some_failed;
}
// [/run]

int body(examples::arguments& words) {
  const examples::interrupt ctrl_c;
  constexpr std::uint64_t most = 1'000'000'000;
  constexpr std::uint64_t highest = std::uint64_t{1} << 62;  // 3n+1 of it still has 64 bits
  settings given{
      .blocks = words.number("--blocks", 200, 1, most),
      .block = words.number("--block", 100'000, 1, most),
      .highest = words.number("--highest", 100'000'000'000'000, 1, highest),
      .retry_failed = words.flag("--retry-failed"),
      .file = {},
  };
  const std::vector<std::string> operands = words.operands();
  if (operands.size() != 1) throw examples::usage_error("exactly one FILE is needed");
  given.file = operands.front();
  return print_chains(given, ctrl_c.token());
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
