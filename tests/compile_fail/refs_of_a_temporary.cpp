// expect: refs needs elements that outlive the run
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  parwork::process(parwork::refs(std::vector<int>{1, 2}), [](int& item) { ++item; }, [] {});
}
