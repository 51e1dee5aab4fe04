// expect: parwork: stages: a stage returns a view of what it was given, which moves before the next
// stage sees it
#include <parwork/parwork.hpp>
#include <string>
#include <string_view>
#include <vector>

int main() {
  const auto first = [](const std::string& text) { return text + "."; };
  const auto second = [](const std::string& text) { return std::string_view(text); };
  const auto third = [](std::string_view text) { return text.size(); };
  (void)parwork::process(std::vector<std::string>{"a"}, parwork::stages(first, second, third),
                         [](std::size_t) {});
}
