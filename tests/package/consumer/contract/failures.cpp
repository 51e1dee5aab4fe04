// Failures as values, and as what `process` throws where the collector sees successes alone.
#include <exception>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

using parwork::failure;
using parwork::failure_kind;

static_assert(sizeof(failure) == sizeof(void*));
static_assert(std::is_copy_constructible_v<failure> && std::is_copy_assignable_v<failure>);
static_assert(std::is_base_of_v<std::runtime_error, parwork::item_failed>);

void values() {
  const failure said(failure_kind::abandoned, "said");
  expect(said.kind() == failure_kind::abandoned && said.message() == "said");
  expect(said.exception() == nullptr && !said.code());

  const failure thrown(std::make_exception_ptr(std::logic_error("thrown")));
  expect(thrown.kind() == failure_kind::exception && thrown.message() == "thrown" &&
         thrown.exception() != nullptr);

  const std::error_code code = std::make_error_code(std::errc::no_such_file_or_directory);
  const failure coded(code);
  expect(coded.kind() == failure_kind::error && coded.code() == code &&
         coded.message() == code.message());
}

void kinds() {
  for (const failure_kind kind :
       {failure_kind::exception, failure_kind::error, failure_kind::timeout,
        failure_kind::cancelled, failure_kind::abandoned}) {
    switch (kind) {
      case failure_kind::exception:
      case failure_kind::error:
      case failure_kind::timeout:
      case failure_kind::cancelled:
      case failure_kind::abandoned:
        break;
    }
  }
}

void thrown_by_process() {
  const std::vector<int> items{1};
  try {
    static_cast<void>(parwork::process(
        items, [](int) -> std::expected<int, std::string> { return std::unexpected("no result"); },
        [](int) {}));
    expect(false);
  } catch (const parwork::item_failed& error) {
    expect(error.failure().message() == "no result" && error.index() == 0);
  }

  try {
    static_cast<void>(parwork::process(
        items, [](int) -> int { throw std::out_of_range("the work's own"); }, [](int) {}));
    expect(false);
  } catch (const std::out_of_range& error) {
    expect(std::string("the work's own") == error.what());
  }
}

}  // namespace

void failures() {
  values();
  kinds();
  thrown_by_process();
}

}  // namespace contract
