// expect: parwork: stages and limited take neither batched nor keyed work nor stages
#include <parwork/parwork.hpp>
#include <span>

int main() {
  const auto work = [](std::span<int>, parwork::batch_completer<void> done) { done.succeed(); };
  (void)parwork::limited(parwork::batched(work), 2);
}
