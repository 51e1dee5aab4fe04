// expect: parwork: the key of keyed must be callable with const Item& and return a value that
// std::hash and == take
#include <parwork/parwork.hpp>
#include <vector>

struct account {};

int main() {
  const auto key = [](int) { return account(); };
  (void)parwork::process(std::vector<int>{1}, parwork::keyed([](int) {}, key), [] {});
}
