// Generators, works and collectors that come with the library.
#include <parwork/adapters.hpp>
#include <parwork/parwork.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

namespace fs = std::filesystem;

template <class Generator>
auto items_of(Generator&& generator) {
  using item_type = decltype(generator);
  std::size_t count = 0;
  const auto summary = parwork::process(
      static_cast<item_type>(generator), [](const auto& item) { return item; },
      [&](auto) { ++count; });
  expect(summary.succeeded == count);
  return count;
}

void line_generators() {
  std::istringstream text("one\ntwo\nthree");
  std::vector<std::string> seen;
  auto summary =
      parwork::process(parwork::lines(text), [](const std::string& line) { return line; },
                       parwork::into(seen), {.order = parwork::ordering::input});
  expect(summary.succeeded == 3 && seen == std::vector<std::string>{"one", "two", "three"});

  std::istringstream fields(std::string("a\0b\0", 4));
  expect(items_of(parwork::lines(fields, '\0')) == 2);
}

void file_generators() {
  const fs::path root = fs::temp_directory_path() / "parwork-contract";
  fs::remove_all(root);
  fs::create_directories(root / "below");
  std::ofstream(root / "a").put('a');
  std::ofstream(root / "below" / "b").put('b');
  expect(items_of(parwork::files(root)) == 2);

  int errors = 0;
  expect(items_of(parwork::files(root / "missing", [&](const fs::path&, std::error_code code) {
           errors += code ? 1 : 0;
         })) == 0);
  expect(errors == 1);
  fs::remove_all(root);
}

void wrapped_generators() {
  const std::vector<int> items{1, 2, 3, 4, 5};
  std::vector<std::size_t> sizes;
  const auto summary = parwork::process(parwork::chunks(items, 2),
                                        [](const std::vector<int>& chunk) { return chunk.size(); },
                                        parwork::into(sizes), {.order = parwork::ordering::input});
  expect(summary.succeeded == 3 && sizes == std::vector<std::size_t>{2, 2, 1});

  int next = 0;
  auto generator = [&]() -> std::optional<int> {
    return ++next <= 5 ? std::optional(next) : std::nullopt;
  };
  expect(items_of(parwork::chunks(generator, 3)) == 2);
  next = 0;
  expect(items_of(parwork::paced(generator, 1e6)) == 5);
  expect(items_of(parwork::paced(items, 1e6)) == 5);
}

void batches() {
  const std::vector<int> items{1, 2, 3, 4, 5};
  auto doubled = [](std::span<int> batch) {
    std::vector<int> results;
    for (const int item : batch) results.push_back(2 * item);
    return results;
  };
  std::vector<int> seen;
  auto summary = parwork::process(items, parwork::batched(doubled), parwork::into(seen),
                                  {.order = parwork::ordering::input});
  expect(summary.succeeded == 5 && seen == std::vector<int>{2, 4, 6, 8, 10});
  summary = parwork::process(items, parwork::batched(doubled, 2), [](int) {});
  expect(summary.succeeded == 5);
}

void several_collectors() {
  const std::vector<int> items{1, 2, 3};
  std::vector<int> first;
  std::vector<int> second;
  const auto summary = parwork::process(
      items, [](int item) { return item; },
      parwork::tee(parwork::into(first), parwork::into(second)));
  expect(summary.succeeded == 3 && first == second && first.size() == 3);
}

}  // namespace

void adapters() {
  line_generators();
  file_generators();
  wrapped_generators();
  batches();
  several_collectors();
}

}  // namespace contract
