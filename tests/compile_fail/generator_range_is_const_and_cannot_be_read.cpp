// expect: parwork: the generator must be a callable that returns std::optional, std::unique_ptr,
// std::shared_ptr or a pointer, a std::ranges::input_range, or parwork::split(range)
#include <parwork/parwork.hpp>
#include <ranges>
#include <sstream>

int main() {
  std::istringstream text("1 2 3");
  const auto range = std::views::istream<int>(text);  // reading changes it
  (void)parwork::process(range, [](int) {}, [] {});
}
