// expect: the third argument of results is its options, {.workers = 4}: there is no collector
#include <vector>

#include "parwork/parwork.hpp"

int main() {
  for (auto& done :
       parwork::results(std::vector<int>{1}, [](int item) { return item; }, [](int) {})) {
    static_cast<void>(done);
  }
}
