// expect: refs needs a forward range
#include <parwork/parwork.hpp>
#include <ranges>
#include <sstream>

int main() {
  std::istringstream text("1 2 3");
  auto numbers = std::views::istream<int>(text);
  parwork::process(parwork::refs(numbers), [](int& item) { ++item; }, [] {});
}
