// expect: parwork: the collector must be callable with completion<Item, R>, with R, or
#include <any>
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  parwork::process(std::vector<int>{1}, [](int) {}, [](std::any) {});
}
