// expect: the priority of prioritized must be callable with const Item&
#include <parwork/parwork.hpp>
#include <string>
#include <vector>

int main() {
  std::vector<int> items{1, 2, 3};
  (void)parwork::prioritized(items, [](const std::string& item) { return item.size(); });
}
