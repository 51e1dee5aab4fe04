// expect: parwork: stages and limited take no asynchronous work
#include <parwork/parwork.hpp>
#include <utility>
#include <vector>

int main() {
  const auto work = [](int item, parwork::completer<int> done) { std::move(done).succeed(item); };
  (void)parwork::process(std::vector<int>{1}, parwork::limited(work, 2), [](int) {});
}
