// expect: parwork: asynchronous batched work finishes its span by batch_completer<R>
#include <parwork/parwork.hpp>
#include <span>

int main() {
  const auto work = [](std::span<int>, parwork::completer<int> done) { done.succeed(1); };
  int items[3] = {1, 2, 3};
  parwork::process(items, parwork::batched(work), [](int) {});
}
