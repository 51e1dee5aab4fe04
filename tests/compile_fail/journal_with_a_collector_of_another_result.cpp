// expect: the collector must be callable with completion<Item, R>
#include <parwork/journal.hpp>
#include <string>
#include <vector>

int main() {
  parwork::journal journal{"runs.db"};
  (void)parwork::process(
      journal, std::vector<int>{}, [](int i) { return i; }, [](const std::string&) {});
}
