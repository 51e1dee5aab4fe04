// expect: parwork: asynchronous batched work must be callable with std::span<Item> and
#include <parwork/parwork.hpp>
#include <span>
#include <string>

int main() {
  const auto work = [](std::span<std::string>, parwork::batch_completer<void> done) {
    done.succeed();
  };
  int items[3] = {1, 2, 3};
  parwork::process(items, parwork::batched(work), [] {});
}
