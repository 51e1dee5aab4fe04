// expect: paced needs a range, a callable
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  std::vector<int> items{1, 2, 3};
  auto inner = parwork::weighed(items, [](int) { return 1; });
  (void)parwork::paced(inner, 10);
}
