// expect: parwork: stages: a stage cannot be called with what the one before it returns
#include <parwork/parwork.hpp>
#include <string>
#include <vector>

int main() {
  const auto first = [](int item) { return item; };
  const auto second = [](const std::string& text) { return text.size(); };
  (void)parwork::process(std::vector<int>{1}, parwork::stages(first, second), [] {});
}
