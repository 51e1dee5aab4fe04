// expect: Give it the elements, parwork::refs(range)
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  std::vector<int> items{1, 2, 3};
  parwork::process(items, [](int& item) { item *= 2; }, [] {});
}
