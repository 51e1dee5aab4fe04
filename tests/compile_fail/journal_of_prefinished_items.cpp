// expect: a journal's generator yields items, not prefinished ones
#include <optional>
#include <parwork/journal.hpp>

int main() {
  parwork::journal journal{"runs.db"};
  (void)parwork::process(
      journal, []() -> std::optional<parwork::prefinished<int, int>> { return {}; },
      [](int i) { return i; }, [](int) {});
}
