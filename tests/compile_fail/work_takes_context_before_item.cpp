// expect: parwork: work must be callable as work(item), work(item, context&) or work(item,
// completer<R>)
#include <parwork/parwork.hpp>
#include <vector>

int main() {
  (void)parwork::process(std::vector<int>{1}, [](parwork::context&, int) {}, [] {});
}
