// expect: or with std::span<Item> and batch_completer<R>, spelled out
#include <parwork/parwork.hpp>
#include <span>

int main() {
  const auto work = [](std::span<int>, auto done) { done.succeed({}); };
  int items[3] = {1, 2, 3};
  parwork::process(items, parwork::batched(work), [](int) {});
}
