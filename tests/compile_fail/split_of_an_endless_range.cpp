// expect: parwork: split needs a random-access, sized range
#include <parwork/parwork.hpp>
#include <ranges>

int main() {
  (void)parwork::process(parwork::split(std::views::iota(0)), [](int) {}, [] {});
}
