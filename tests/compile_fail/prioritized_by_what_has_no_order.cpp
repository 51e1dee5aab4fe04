// expect: the priority of prioritized must return something with operator<
#include <parwork/parwork.hpp>
#include <vector>

struct urgent {};

int main() {
  std::vector<int> items{1, 2, 3};
  (void)parwork::prioritized(items, [](int) { return urgent(); });
}
