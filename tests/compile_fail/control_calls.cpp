// expect: ok
#include <any>
#include <chrono>
#include <cstddef>
#include <memory>
#include <parwork/parwork.hpp>
#include <string_view>
#include <vector>

int main() {
  using namespace std::chrono_literals;
  std::vector<int> items{1, 2, 3};
  const int few = 2;
  const std::size_t many = items.size();
  const parwork::options given{.workers = static_cast<unsigned>(few),
                               .queue = many,
                               .retry = {.max_attempts = 2, .backoff = 2ms, .max_backoff = 1min},
                               .timeout = std::chrono::hours(1),
                               .progress_every = std::chrono::nanoseconds(5)};
  const parwork::options others{.queue = many, .timeout = {}};
  const std::chrono::nanoseconds timeout = given.timeout;
  const auto work = [](int item) { return item; };
  // No (void): what fails is thrown.
  parwork::process(items, work, [](int) {}, given);
  parwork::process(items, work, [](std::any) {}, others);
  parwork::process([] { return std::unique_ptr<int>(); }, [](std::unique_ptr<int>&) {}, [] {});
  const std::vector<std::string_view> views{"a"};
  (void)parwork::process(
      views, [](std::string_view item) { return item; },
      [](parwork::completion<std::string_view, std::string_view>) {}, {.timeout = timeout});
}
