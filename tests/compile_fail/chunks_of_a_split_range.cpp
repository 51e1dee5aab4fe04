// expect: chunks needs a range, a callable that returns std::optional
#include <vector>

#include "parwork/parwork.hpp"

int main() {
  std::vector<int> items{1, 2, 3};
  auto pairs = parwork::chunks(parwork::split(items), 2);
}
