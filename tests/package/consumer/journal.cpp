// The smallest program that uses parwork's journal for real: two runs, of which the second works on
// nothing.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <parwork/journal.hpp>
#include <ranges>

int main() {
  const char* const file = "parwork-consumer.db";
  std::filesystem::remove(file);
  int worked = 0;
  long sum = 0;

  for (int run = 0; run < 2; ++run) {
    parwork::journal journal{file, {.fingerprint = "doubles"}};
    const parwork::summary summary = parwork::process(
        journal, std::views::iota(0, 1000), [&](int item) { return ++worked, item * 2L; },
        [&](long result) { sum += result; }, {.workers = 1});
    std::cout << journal.size() << " records. " << summary << '\n';
  }

  std::filesystem::remove(file);
  return sum == 2 * 999'000 && worked == 1000 ? 0 : 1;
}
