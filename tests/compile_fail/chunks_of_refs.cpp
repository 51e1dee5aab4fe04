// expect: chunks are vectors of items, and refs yields references
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  std::vector<int> items{1, 2, 3};
  auto pairs = parwork::chunks(parwork::refs(items), 2);
}
