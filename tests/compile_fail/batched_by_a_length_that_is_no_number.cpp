// expect: parwork: the second argument of batched is the longest span: a number, a callable
#include <parwork/parwork.hpp>
#include <span>
#include <string>

int main() {
  const auto work = [](std::span<int>, parwork::batch_completer<void> done) { done.succeed(); };
  (void)parwork::batched(work, [] { return std::string("many"); });
}
