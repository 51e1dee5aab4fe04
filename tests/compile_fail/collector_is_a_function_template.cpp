// expect: parwork: this name stands for several functions (overloads, or a template)
#include <parwork/parwork.hpp>
#include <vector>

template <class T>
void keep(T) {}

int main() {
  parwork::process(std::vector<int>{1}, [](int item) { return item; }, keep);
}
