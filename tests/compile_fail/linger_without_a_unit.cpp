// expect: parwork: a duration needs a unit: std::chrono::seconds(5), or 5s
#include <parwork/parwork.hpp>

#include <span>
#include <vector>

int main() {
  (void)parwork::batched([](std::span<int> items) { return std::vector<int>(items.size()); },
                         {.max = 64, .linger = 5});
}
