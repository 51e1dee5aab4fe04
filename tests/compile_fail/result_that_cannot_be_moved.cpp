// expect: parwork: work's result must be movable
#include <atomic>
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  parwork::process(
      std::vector<int>{1}, [](int item) { return std::atomic<int>(item); }, [](auto&&) {});
}
