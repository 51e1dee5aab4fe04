// expect: into needs a container with push_back or insert
#include <forward_list>

#include "parwork/parwork.hpp"

int main() {
  std::forward_list<int> found;
  auto collector = parwork::into(found);
}
