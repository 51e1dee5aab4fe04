// expect: parwork: work must be callable as work(item), work(item, context&) or work(item,
// completer<R>)
#include <parwork/parwork.hpp>
#include <string>
#include <vector>

int main() {
  const auto work = parwork::per_worker([] { return std::string(); }, [](int) {});
  (void)parwork::process(std::vector<int>{1}, work, [] {});
}
