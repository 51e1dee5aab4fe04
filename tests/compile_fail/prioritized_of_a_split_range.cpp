// expect: prioritized needs a range, a callable
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  std::vector<int> items{1, 2, 3};
  (void)parwork::prioritized(parwork::split(items), [](int item) { return item; });
}
