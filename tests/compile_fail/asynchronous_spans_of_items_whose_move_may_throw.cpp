// expect: parwork: batched work needs an item whose move constructor is noexcept
#include <parwork/parwork.hpp>
#include <span>
#include <vector>

struct fragile {
  fragile() = default;
  fragile(const fragile&) {}
};

int main() {
  std::vector<fragile> items(3);
  const auto work = [](std::span<fragile>, parwork::batch_completer<void> done) { done.succeed(); };
  parwork::process(items, parwork::batched(work), [] {});
}
