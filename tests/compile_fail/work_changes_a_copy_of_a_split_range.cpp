// expect: Give it the elements, parwork::refs(range)
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  std::vector<int> items{1, 2, 3};
  parwork::process(
      parwork::split(items),
      parwork::per_worker([] { return 2; }, [](int& factor, int& item) { item *= factor; }),
      [](const parwork::completion<void, void>&) {});
}
