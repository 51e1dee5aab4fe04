// expect: prefinished<Item, Result> with another Result
#include <optional>
#include <parwork/parwork.hpp>
#include <string>

int main() {
  (void)parwork::process(
      []() -> std::optional<parwork::prefinished<int, std::string>> { return {}; },
      [](int i) { return i; }, [](int) {});
}
