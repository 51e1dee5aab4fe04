// expect: ok
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  const std::vector<int> items{1, 2, 3};
  const auto work = [](int item) { return item; };
  (void)parwork::process(items, work, [](parwork::completion<int, int>) {});
  (void)parwork::process(items, work, [](int) {});
  (void)parwork::process(items, [](int) {}, [] {});
  auto sum = parwork::reduce(
      0, [](int& total, int one) { total += one; }, [](int& total, int other) { total += other; });
  (void)parwork::process(items, work, sum);
}
