// Fixed small runs whose instructions are counted: what bench/check.py compares with the baseline.
//
// One case a process, with one worker, so that nothing depends on how threads interleave. The
// engine sizes batches by the clock, and a counted program runs some fifty times slower than
// itself: so the clock stands still, and batches are as long as the queue of 16 items, slices as
// long as their range lets them be. Each case runs once before it is counted, so that what happens
// once a process does not count.
#include <valgrind/callgrind.h>
#include <parwork/parwork.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <ranges>
#include <string_view>

#include "base/tick_clock.hpp"
#include "support/load.hpp"

namespace {

using namespace bench;

constexpr std::uint64_t items = 20'000;
constexpr std::uint64_t calls = 200;

parwork::options one_worker(parwork::ordering order = parwork::ordering::completion) {
  static parwork::pool pool(1);
  parwork::options options;
  options.workers = 1;
  options.queue = 16;
  options.order = order;
  options.run_on = &pool;
  return options;
}

std::uint64_t sum_of(std::uint64_t count, parwork::ordering order) {
  source generate(count);
  const kernel work(grain_steps{});
  tally collected;
  static_cast<void>(parwork::process(
      generate, work, [&](std::uint64_t result) { collected(result); }, one_worker(order)));
  return collected.count;
}

std::uint64_t completions() {
  source generate(items);
  const kernel work(grain_steps{});
  tally collected;
  static_cast<void>(parwork::process(
      generate, work,
      [&](parwork::completion<item, std::uint64_t> done) { collected(done.result.value()); },
      one_worker()));
  return collected.count;
}

std::uint64_t split_and_reduce() {
  const auto add = [](std::uint64_t& sum, std::uint64_t one) { sum += one; };
  auto count = parwork::reduce(std::uint64_t{0}, add, add);
  static_cast<void>(parwork::process(
      parwork::split(std::views::iota(std::uint64_t{0}, items)),
      [](std::uint64_t) { return std::uint64_t{1}; }, count, one_worker()));
  return count.value();
}

std::uint64_t spawned() {
  constexpr int depth = 13;  // 2^14 - 1 items
  const auto add = [](std::uint64_t& sum, std::uint64_t one) { sum += one; };
  auto count = parwork::reduce(std::uint64_t{0}, add, add);
  static_cast<void>(parwork::process(
      std::array{depth},
      [](int level, parwork::context& about) {
        for (int child = 0; child < 2 && level > 0; ++child) about.spawn(level - 1);
        return std::uint64_t{1};
      },
      count, one_worker()));
  return count.value();
}

std::uint64_t short_calls() {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < calls; ++i) sum += sum_of(1, parwork::ordering::completion);
  return sum;
}

struct test_case {
  std::string_view name;
  std::uint64_t (*run)();
  std::uint64_t collected;
};

constexpr test_case cases[] = {
    {"completion", [] { return sum_of(items, parwork::ordering::completion); }, items},
    {"input", [] { return sum_of(items, parwork::ordering::input); }, items},
    {"completions", completions, items},
    {"split", split_and_reduce, items},
    {"spawn", spawned, (1U << 14) - 1},
    {"calls", short_calls, calls},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) {
    for (const test_case& each : cases) {
      if (each.name != argv[1]) continue;
      bool right = each.run() == each.collected;
      parwork::detail::tick_clock::stand_still();
      CALLGRIND_TOGGLE_COLLECT;
      right = each.run() == each.collected && right;
      CALLGRIND_TOGGLE_COLLECT;
      if (!right) std::fprintf(stderr, "bench_instructions: items were lost\n");
      return right ? 0 : 1;
    }
  }
  std::fprintf(stderr, "usage: bench_instructions CASE\n  CASE is one of:");
  for (const test_case& each : cases) {
    std::fprintf(stderr, " %.*s", static_cast<int>(each.name.size()), each.name.data());
  }
  std::fprintf(stderr, "\n");
  return 2;
}
