// expect: parwork: keyed takes no batched work: a span has items of several keys
#include <parwork/parwork.hpp>
#include <span>

int main() {
  const auto work = [](std::span<int>, parwork::batch_completer<void> done) { done.succeed(); };
  (void)parwork::keyed(parwork::batched(work), [](int item) { return item; });
}
