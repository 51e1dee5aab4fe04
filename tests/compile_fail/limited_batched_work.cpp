// expect: parwork: stages and limited take neither batched nor keyed work nor stages
#include <parwork/parwork.hpp>
#include <span>
#include <vector>

int main() {
  const auto work = [](std::span<int> items) { return std::vector<int>(items.size()); };
  (void)parwork::limited(parwork::batched(work), 2);
}
