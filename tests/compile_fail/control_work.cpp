// expect: ok
#include <expected>
#include <memory>
#include <parwork/parwork.hpp>
#include <string>
#include <system_error>
#include <vector>

int main() {
  const std::vector<int> items{1, 2, 3};
  const auto any = [](auto) {};
  (void)parwork::process(items, [](int) {}, any);
  (void)parwork::process(items, [](int&, parwork::context&) { return 1; }, any);
  (void)parwork::process(items, [](const int&, parwork::completer<int>) {}, any);
  (void)parwork::process(items, [](int) -> std::expected<int, parwork::failure> { return 1; }, any);
  (void)parwork::process(items, [](int) -> std::expected<int, std::error_code> { return 1; }, any);
  (void)parwork::process(items, [](int) -> std::expected<int, std::string> { return 1; }, any);
  (void)parwork::process(
      items,
      parwork::per_worker([] { return 1; }, [](int& state, int item) { return state + item; }),
      any);
  (void)parwork::process([] { return std::unique_ptr<int>(); },
                         [](std::unique_ptr<int> item) { return *item; }, [](int) {});
  (void)parwork::process([] { return std::unique_ptr<int>(); },
                         [](std::unique_ptr<int>& item) { return *item; }, any);
  (void)parwork::process(
      items, parwork::keyed([](int item) { return item; }, [](const int& item) { return item; }),
      any);
  (void)parwork::process(
      items,
      parwork::stages([](int item) { return std::to_string(item); },
                      parwork::limited([](std::string text) { return text.size(); }, 2)),
      any);
}
