// expect: parwork: process takes a range and not a pair of iterators
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  std::vector<int> items{1};
  parwork::process(
      items.begin(), items.end(), [](int item) { return item; }, [](int) {}, {.workers = 2});
}
