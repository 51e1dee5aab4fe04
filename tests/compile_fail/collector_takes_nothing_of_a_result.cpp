// expect: parwork: the collector must be callable with completion<Item, R>, with R, or, where the
// result is void, with nothing
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  (void)parwork::process(std::vector<int>{1}, [](int item) { return item; }, [] {});
}
