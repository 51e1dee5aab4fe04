// expect: there is no parwork::codec for this one
#include <list>
#include <parwork/journal.hpp>
#include <vector>

int main() {
  parwork::journal journal{"runs.db"};
  (void)parwork::process(
      journal, std::vector<int>{}, [](int i) { return std::list<int>{i}; },
      [](const std::list<int>&) {});
}
