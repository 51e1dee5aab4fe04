// expect: parwork: the fourth argument of process is its options: {.workers = 4}
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  parwork::process(std::vector<int>{1}, [](int item) { return item; }, [](int) {}, 4);
}
