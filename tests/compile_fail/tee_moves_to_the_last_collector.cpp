// expect: ok
#include <memory>
#include <vector>

#include "parwork/parwork.hpp"

int main() {
  std::vector<int> items{1, 2, 3};
  std::vector<std::unique_ptr<int>> kept;
  (void)parwork::process(
      items, [](int item) { return std::make_unique<int>(item); },
      parwork::tee([](const std::unique_ptr<int>&) {}, parwork::into(kept)));
}
