// expect: parwork: work must be callable as work(item)
#include <string>
#include <vector>

#include "parwork/parwork.hpp"

int main() {
  for (auto& done :
       parwork::results(std::vector<int>{1}, [](const std::string& item) { return item; })) {
    static_cast<void>(done);
  }
}
