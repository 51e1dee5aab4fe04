// expect: parwork: work takes a move-only item by value, but a completion collector needs the item
// too: take it by reference
#include <memory>
#include <parwork/parwork.hpp>

int main() {
  (void)parwork::process([] { return std::unique_ptr<int>(); },
                         [](std::unique_ptr<int> item) { return *item; },
                         [](parwork::completion<std::unique_ptr<int>, int>) {});
}
