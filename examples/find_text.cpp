// find_text: the lines of files that contain a text.
//
// Shows: `results`, a run as a loop. Files are read and searched on all cores, the loop prints in
// the order of the files, and leaving it ends the run: with `--most 10` no file is read that is not
// needed any more.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/interrupt.hpp"
#include "common/program.hpp"

namespace {

constexpr std::string_view usage =
    R"(usage: find_text [--most N] [--workers N] TEXT FOLDER

Prints the lines that contain TEXT of the files below FOLDER, in the order of the files.

  --most N      ends behind so many lines (default: all)
  --workers N   threads (default: the CPUs that may be used)

Exit status: 0 something was found; 1 nothing was, a file could not be read, or the output was lost;
2 bad usage; 130 interrupted.
)";

std::string contents_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) throw std::runtime_error("cannot read " + path.string());
  return text;
}

std::vector<std::string> lines_with(std::string_view wanted, std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.contains(wanted)) found.emplace_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return found;
}

int body(examples::arguments& words) {
  const std::uint64_t most = words.number("--most", ~std::uint64_t{0}, 1);
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  const std::vector<std::string> operands = words.operands();
  if (operands.size() != 2) throw examples::usage_error("needs a text and a folder");
  const std::string& wanted = operands[0];
  const examples::interrupt ctrl_c;

  std::uint64_t printed = 0;
  std::uint64_t failed = 0;
  // [loop]
  const auto search = [&](const std::filesystem::path& path) {
    return lines_with(wanted, contents_of(path));
  };
  auto searched = parwork::results(
      parwork::files(operands[1]), search,
      {.workers = workers, .order = parwork::ordering::input, .stop = ctrl_c.token()});
  for (const auto& file : searched) {
    if (!file.result) {
      if (file.result.error().kind() == parwork::failure_kind::cancelled) continue;
      std::fprintf(stderr, "find_text: %s\n", file.result.error().message().c_str());
      ++failed;
      continue;
    }
    for (const std::string& line : *file.result) {
      if (printed == most) break;
      std::printf("%s: %s\n", file.item.c_str(), line.c_str());
      ++printed;
    }
    if (printed == most) break;
  }
  const parwork::summary summary = searched.summary();  // ends the run, if it has not ended
  // [/loop]

  examples::flush_output();
  std::cerr << summary << '\n';
  if (ctrl_c.token().stop_requested()) return examples::interrupted;
  return printed > 0 && failed == 0 ? examples::all_done : examples::some_failed;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
