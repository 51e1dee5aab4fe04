// expect: tee has to copy what it collects for every collector but the last
#include <memory>
#include <vector>

#include "parwork/parwork.hpp"

int main() {
  std::vector<int> items{1, 2, 3};
  std::vector<std::unique_ptr<int>> kept;
  (void)parwork::process(
      items, [](int item) { return std::make_unique<int>(item); },
      parwork::tee(parwork::into(kept), [](const std::unique_ptr<int>&) {}));
}
