// expect: parwork: the generator must be a callable that returns std::optional, std::unique_ptr,
// std::shared_ptr or a pointer, a std::ranges::input_range, or parwork::split(range)
#include <optional>
#include <parwork/parwork.hpp>

int main() {
  (void)parwork::process([](int) -> std::optional<int> { return {}; }, [](int) {}, [] {});
}
