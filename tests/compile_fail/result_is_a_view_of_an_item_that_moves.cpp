// expect: parwork: the result is a view of such an item as this
#include <parwork/parwork.hpp>
#include <string>
#include <string_view>
#include <vector>

int main() {
  const auto summary = parwork::process(
      std::vector<std::string>{"a"},
      [](const std::string& item) -> std::string_view { return item; },
      [](parwork::completion<std::string, std::string_view>) {});
}
