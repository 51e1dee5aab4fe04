// expect: parwork: the error type of work's std::expected must be failure, std::error_code,
// std::exception_ptr or convertible to std::string
#include <expected>
#include <parwork/parwork.hpp>
#include <vector>

struct my_error {};

int main() {
  (void)parwork::process(
      std::vector<int>{1}, [](int item) -> std::expected<int, my_error> { return item; },
      [](int) {});
}
