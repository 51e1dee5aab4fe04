// expect: parwork: process needs a collector as its third argument
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  parwork::process(std::vector<int>{1}, [](int item) { return item; });
}
