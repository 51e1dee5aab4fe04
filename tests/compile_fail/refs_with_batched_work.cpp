// expect: batched work gets a span of items side by side, and those of refs
#include <parwork/parwork.hpp>
#include <span>
#include <vector>

int main() {
  std::vector<int> items{1, 2, 3};
  const auto work =
      parwork::batched([](std::span<int> some) { return std::vector<int>(some.size()); });
  parwork::process(parwork::refs(items), work, [](int) {});
}
