// expect: ok
#include <memory>
#include <optional>
#include <parwork/parwork.hpp>
#include <ranges>
#include <sstream>
#include <vector>

int main() {
  const std::vector<int> items{1, 2, 3};
  std::istringstream text("1 2 3");
  const auto work = [](int) {};
  const auto on_pointer = [](const auto& item) { return *item; };
  (void)parwork::process([]() -> std::optional<int> { return {}; }, work, [] {});
  (void)parwork::process([] { return std::unique_ptr<int>(); }, on_pointer, [](int) {});
  (void)parwork::process([] { return std::shared_ptr<int>(); }, on_pointer, [](int) {});
  (void)parwork::process([]() -> int* { return nullptr; }, on_pointer, [](int) {});
  (void)parwork::process([](int& item) { return ++item < 3; }, work, [] {});
  (void)parwork::process(items, work, [] {});
  // Work that changes its item, where that is not lost.
  std::vector<int> numbers{1, 2, 3};
  const auto change = [](int& item) { ++item; };
  (void)parwork::process(parwork::refs(numbers), change, [] {});
  (void)parwork::process(parwork::split(parwork::refs(numbers)), change, [] {});
  (void)parwork::process(numbers, change, [](const parwork::completion<int, void>&) {});
  (void)parwork::process(numbers, [](int& item) { return ++item; }, [](int) {});
  (void)parwork::process(numbers, [](auto& item) { ++item; }, [] {});
  (void)parwork::process(std::vector<int>{1, 2}, change, [] {});
  (void)parwork::process(std::views::istream<int>(text), work, [] {});
  (void)parwork::process(parwork::split(items), work, [] {});
  (void)parwork::process(std::vector<std::unique_ptr<int>>(), on_pointer, [](int) {});
}
