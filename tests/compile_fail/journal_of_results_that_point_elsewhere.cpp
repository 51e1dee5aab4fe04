// expect: there is no parwork::codec for this one
#include <parwork/journal.hpp>
#include <string_view>
#include <vector>

int main() {
  parwork::journal journal{"runs.db"};
  (void)parwork::process(
      journal, std::vector<int>{}, [](int) { return std::string_view("text"); },
      [](std::string_view) {});
}
