// expect: start would keep a copy of reduce, whose value() nobody could read
#include <functional>
#include <vector>

#include "parwork/parwork.hpp"

int main() {
  auto sum = parwork::reduce(0, std::plus<>(), std::plus<>());
  auto run = parwork::start(std::vector<int>{1, 2}, [](int item) { return item; }, sum);
}
