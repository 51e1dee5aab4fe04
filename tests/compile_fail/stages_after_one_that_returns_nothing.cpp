// expect: parwork: stages: a stage that returns nothing must be the last
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  (void)parwork::process(std::vector<int>{1}, parwork::stages([](int) {}, [](int) {}), [] {});
}
