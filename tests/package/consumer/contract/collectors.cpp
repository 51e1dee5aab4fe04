// What receives finished items.
#include <cstdint>
#include <parwork/parwork.hpp>
#include <string>
#include <utility>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

const std::vector<int> items{1, 2, 3};

int doubled(int item) { return 2 * item; }

void completions() {
  std::uint64_t next = 0;
  auto summary =
      parwork::process(items, doubled,
                       [&](parwork::completion<int, int> done) {
                         expect(done.index == next++ && done.attempts == 1u);
                         expect(done.result.has_value() && *done.result == 2 * done.item);
                       },
                       {.order = parwork::ordering::input});
  expect(summary.succeeded == 3);

  int sum = 0;
  summary = parwork::process(items, doubled, [&](auto&& done) { sum += done.item + *done.result; });
  expect(sum == 18 && summary.succeeded == 3);

  summary = parwork::process(
      items, [](int) {},
      [](const parwork::completion<int, void>& done) { expect(done.result.has_value()); });
  expect(summary.succeeded == 3);
}

void results() {
  std::vector<int> seen;
  auto summary = parwork::process(items, doubled, [&](int result) { seen.push_back(result); },
                                  {.order = parwork::ordering::input});
  expect(summary.succeeded == 3 && seen == std::vector<int>{2, 4, 6});

  int calls = 0;
  summary = parwork::process(items, [](int) {}, [&] { ++calls; });
  expect(summary.succeeded == 3 && calls == 3);
}

void reductions() {
  auto total = parwork::reduce(
      0L, [](long& sum, int result) { sum += result; },
      [](long& sum, long other) { sum += other; });
  auto summary = parwork::process(items, doubled, total);
  expect(summary.succeeded == 3 && total.value() == 12);

  auto text = parwork::reduce(
      std::string(), [](std::string sum, int result) { return sum + std::to_string(result % 2); },
      [](std::string sum, std::string other) { return sum + other; });
  summary = parwork::process(parwork::split(items), doubled, text, {.workers = 2});
  expect(summary.succeeded == 3 && text.value() == "000");
}

}  // namespace

void collectors() {
  completions();
  results();
  reductions();
}

}  // namespace contract
