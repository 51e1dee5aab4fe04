// expect: paced needs a range, a callable that returns std::optional
#include "parwork/parwork.hpp"

int main() {
  auto slow = parwork::paced([] { return 1; }, 10);
}
