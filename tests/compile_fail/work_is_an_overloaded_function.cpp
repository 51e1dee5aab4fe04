// expect: parwork: this name stands for several functions (overloads, or a template)
#include <parwork/parwork.hpp>
#include <vector>

int twice(int item) { return 2 * item; }
double twice(double item) { return 2 * item; }

int main() {
  parwork::process(std::vector<int>{1}, twice, [](int) {});
}
