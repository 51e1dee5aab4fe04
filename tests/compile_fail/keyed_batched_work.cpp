// expect: parwork: keyed takes no batched work: a span has items of several keys
#include <parwork/parwork.hpp>
#include <span>
#include <vector>

int main() {
  const auto work = [](std::span<int> items) { return std::vector<int>(items.size()); };
  (void)parwork::keyed(parwork::batched(work), [](int item) { return item; });
}
