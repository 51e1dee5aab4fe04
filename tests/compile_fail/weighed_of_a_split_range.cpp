// expect: a split range has no puller to hold its items back
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  std::vector<int> items{1, 2, 3};
  (void)parwork::weighed(parwork::split(items), [](int) { return 1; });
}
