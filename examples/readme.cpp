// readme: counts the lines of every file below a directory. The example of README.md.
// [program]
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <parwork/parwork.hpp>
#include <stdexcept>

namespace fs = std::filesystem;

// Work: turns one item into a result, on every CPU. What it throws is the failure of that item.
long count_lines(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot be opened");
  return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
}

// The collector: sees every finished item, one at a time and here in the order of the input.
void print(const parwork::completion<fs::path, long>& done) {
  if (done.result) {
    std::cout << *done.result << ' ' << done.item.native() << '\n';
  } else {
    std::cerr << done.item.native() << ' ' << done.result.error() << '\n';
  }
}

int main(int argc, char** argv) {
  // The generator: yields items, one when one is needed.
  auto files = parwork::files(argc > 1 ? argv[1] : ".");
  const parwork::summary summary =
      parwork::process(files, count_lines, print, {.order = parwork::ordering::input});
  std::cerr << summary << '\n';
  return summary.failed == 0 ? 0 : 1;
}
// [/program]
