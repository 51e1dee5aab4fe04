// expect: completer
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  (void)parwork::process(
      std::vector<int>{1},
      [](int item, parwork::completer<int> finish) {
        auto second = finish;  // an item is finished once
        second.succeed(item);
      },
      [](int) {});
}
