// expect: paced needs a range, or a callable
#include "parwork/parwork.hpp"

int main() {
  auto slow = parwork::paced([] { return 1; }, 10);
}
