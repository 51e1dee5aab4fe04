// guide_adapters: what docs/guide.md puts around generators and collectors, each run and checked.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>
#include <parwork/parwork.hpp>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "common/expect.hpp"

namespace fs = std::filesystem;

namespace {

using examples::expect;

int number_in(const std::string& text) { return std::stoi(text); }

void line_adapter() {
  std::istringstream input("7\n35\n");
  int sum = 0;
  // [lines]
  const parwork::summary summary =
      parwork::process(parwork::lines(input), number_in, [&](int number) { sum += number; });
  // [/lines]
  expect(summary.produced == 2 && sum == 42);
}

void file_adapter() {
  const fs::path root = fs::temp_directory_path() / ("parwork-guide-" + std::to_string(::getpid()));
  fs::create_directories(root / "below");
  std::ofstream(root / "a") << "12345";
  std::ofstream(root / "below" / "b") << "67";
  // [files]
  const auto on_error = [](const fs::path& path, std::error_code why) {
    std::cerr << path << ": " << why.message() << '\n';
  };
  std::uintmax_t bytes = 0;
  const parwork::summary summary = parwork::process(
      parwork::files(root, on_error), [](const fs::path& file) { return fs::file_size(file); },
      [&](std::uintmax_t size) { bytes += size; });
  // [/files]
  fs::remove_all(root);
  expect(summary.produced == 2 && bytes == 7);
}

void chunk_adapter() {
  std::istringstream input("1\n2\n3\n4\n5\n");
  int sum = 0;
  // [chunks]
  const auto add_up = [](const std::vector<std::string>& some_lines) {
    return std::accumulate(
        some_lines.begin(), some_lines.end(), 0,
        [](int total, const std::string& line) { return total + std::stoi(line); });
  };
  const parwork::summary summary = parwork::process(parwork::chunks(parwork::lines(input), 2),
                                                    add_up, [&](int part) { sum += part; });
  // [/chunks]
  expect(summary.produced == 3 && sum == 15);
}

void pace_adapter() {
  const std::vector<int> requests = {1, 2, 3};
  int answers = 0;
  const auto request = [](int number) { return number; };
  // [paced]
  const parwork::summary summary =
      parwork::process(parwork::paced(requests, 1000), request, [&](int) { ++answers; },
                       {.generator_runs_on = parwork::runs_on::own_thread});
  // [/paced]
  expect(summary.succeeded == 3 && answers == 3);
}

void priority_adapter() {
  struct video {
    std::string name;
    int minutes;
  };
  const std::vector<video> videos = {{"clip", 1}, {"film", 120}, {"episode", 40}};
  const auto encode = [](const video& item) { return item.name; };
  std::vector<std::string> encoded;
  // [prioritized]
  const auto minutes = [](const video& item) { return item.minutes; };
  const parwork::summary summary =
      parwork::process(parwork::prioritized(videos, minutes), encode, parwork::into(encoded),
                       {.order = parwork::ordering::input});
  // [/prioritized]
  expect(summary.succeeded == 3);
  expect(encoded == std::vector<std::string>{"film", "episode", "clip"});
}

void weight_adapter() {
  const fs::path root = fs::temp_directory_path() / ("parwork-heavy-" + std::to_string(::getpid()));
  fs::create_directories(root);
  for (std::size_t i = 1; i < 9; ++i) {
    std::ofstream(root / std::to_string(i)) << std::string(100 * i, '.');
  }
  const auto process_whole = [](const fs::path& file) { return fs::file_size(file); };
  std::uintmax_t bytes = 0;
  // [weighed]
  // Work reads a whole file into memory: as many at once as a kilobyte has room for.
  const auto size = [](const fs::path& file) { return fs::file_size(file); };
  const parwork::summary summary =
      parwork::process(parwork::weighed(parwork::files(root), size), process_whole,
                       [&](std::uintmax_t read) { bytes += read; }, {.memory = 1000});
  // [/weighed]
  fs::remove_all(root);
  expect(summary.succeeded == 8 && bytes == 3600);
  expect(summary.peak_memory >= 800 && summary.peak_memory <= 1000);
}

void into_adapter() {
  const std::vector<int> numbers = {3, 1, 2, 3};
  const auto twice = [](int number) { return 2 * number; };
  // [into]
  std::vector<int> in_order;
  std::set<int> distinct;
  std::vector<parwork::completion<int, int>> everything;  // failures too

  std::uint64_t succeeded =
      parwork::process(numbers, twice, parwork::into(in_order), {.order = parwork::ordering::input})
          .succeeded;
  succeeded += parwork::process(numbers, twice, parwork::into(distinct)).succeeded;
  succeeded += parwork::process(numbers, twice, parwork::into(everything)).succeeded;
  // [/into]
  expect(in_order == std::vector<int>{6, 2, 4, 6} && distinct == std::set<int>{2, 4, 6});
  expect(everything.size() == 4 && succeeded == 12);
}

void tee_adapter() {
  const std::vector<std::string> texts = {"7", "x", "35"};
  // [tee]
  std::vector<int> numbers;
  std::vector<std::string> rejected;
  const auto keep_rejected = [&](const parwork::completion<std::string, int>& done) {
    if (!done.result) rejected.push_back(done.item);
  };
  const parwork::summary summary =
      parwork::process(texts, number_in, parwork::tee(keep_rejected, parwork::into(numbers)),
                       {.order = parwork::ordering::input});
  // [/tee]
  expect(summary.failed == 1 && numbers == std::vector<int>{7, 35});
  expect(rejected == std::vector<std::string>{"x"});
}

}  // namespace

int main() {
  try {
    line_adapter();
    file_adapter();
    chunk_adapter();
    pace_adapter();
    priority_adapter();
    weight_adapter();
    into_adapter();
    tee_adapter();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
