// expect: batch_completer
#include <parwork/parwork.hpp>
#include <span>

int main() {
  const auto work = [](std::span<int>, parwork::batch_completer<int> done) {
    parwork::batch_completer<int> copy = done;
    copy.succeed({1});
  };
  int items[3] = {1, 2, 3};
  parwork::process(items, parwork::batched(work), [](int) {});
}
