// expect: parwork: split needs a random-access, sized range
#include <list>
#include <parwork/parwork.hpp>

int main() {
  std::list<int> items{1, 2, 3};
  (void)parwork::process(parwork::split(items), [](int) {}, [] {});
}
