// expect: parwork: batch_completer<R> finishes a span of items: give process
#include <parwork/parwork.hpp>
#include <span>

int main() {
  const auto work = [](std::span<int>, parwork::batch_completer<int> done) { done.succeed({1}); };
  int items[3] = {1, 2, 3};
  parwork::process(items, work, [](int) {});
}
