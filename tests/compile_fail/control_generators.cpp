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
  (void)parwork::process(items, work, [] {});
  (void)parwork::process(std::views::istream<int>(text), work, [] {});
  (void)parwork::process(parwork::split(items), work, [] {});
  (void)parwork::process(std::vector<std::unique_ptr<int>>(), on_pointer, [](int) {});
}
