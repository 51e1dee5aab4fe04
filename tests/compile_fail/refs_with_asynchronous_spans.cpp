// expect: batched work gets a span of items side by side, and those of refs
#include <parwork/parwork.hpp>
#include <span>
#include <vector>

int main() {
  std::vector<int> items{1, 2, 3};
  const auto work = [](std::span<int>, parwork::batch_completer<void> done) { done.succeed(); };
  parwork::process(parwork::refs(items), parwork::batched(work), [] {});
}
