// expect: the weight of weighed must be callable with const Item&
#include <parwork/parwork.hpp>
#include <string>
#include <vector>

int main() {
  std::vector<int> items{1, 2, 3};
  (void)parwork::weighed(items, [](const std::string& item) { return item.size(); });
}
