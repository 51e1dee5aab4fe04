// The smallest program that uses parwork for real: a generator, a work, a collector.
#include <iostream>
#include <optional>
#include <parwork/parwork.hpp>

int main() {
  int next = 0;
  long sum = 0;

  const parwork::summary summary = parwork::process(
      [&]() -> std::optional<int> { return next < 1000 ? std::optional(next++) : std::nullopt; },
      [](int item) { return item * 2L; },  //
      [&](long result) { sum += result; }, {.workers = 2});

  std::cout << summary << '\n';
  return sum == 999'000 && summary.succeeded == 1000 ? 0 : 1;
}
