// expect: must be passed as an lvalue
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  (void)parwork::process(
      std::vector<int>{1}, [](int item) { return item; },
      parwork::reduce(
          0, [](int& sum, int one) { sum += one; }, [](int& sum, int other) { sum += other; }));
}
