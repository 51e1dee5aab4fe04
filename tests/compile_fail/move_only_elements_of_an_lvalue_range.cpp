// expect: cannot be made from an element of this range
#include <memory>
#include <vector>

#include "parwork/parwork.hpp"

int main() {
  std::vector<std::unique_ptr<int>> items;
  (void)parwork::process(items, [](const std::unique_ptr<int>&) {}, [] {});
}
