// tree_walk: counts the files and bytes below directories.
//
// Shows: `context::spawn`, for work that finds more work. An item is a directory; listing it adds
// its sub-directories to the run. Nobody needs to know the tree beforehand, and memory follows its
// depth, not its breadth.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <parwork/parwork.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/interrupt.hpp"
#include "common/program.hpp"

namespace fs = std::filesystem;

namespace {

constexpr std::string_view usage =
    R"(usage: tree_walk [--workers N] [--] DIRECTORY...

Counts the regular files below the directories and their bytes. Symbolic links are not followed.

  --workers N   directories read at once (default: the CPUs that may be used)

Exit status: 0 everything was counted; 1 something could not be read; 2 bad usage or a missing
directory; 130 interrupted.
)";

void complain(const fs::path& path, const std::error_code& error) {
  std::fprintf(stderr, "tree_walk: %s: %s\n", path.c_str(), error.message().c_str());
}

// [walk]
struct tally {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unreadable = 0;
};

void add_up(tally& total, const tally& part) {
  total.files += part.files;
  total.directories += part.directories;
  total.bytes += part.bytes;
  total.unreadable += part.unreadable;
}

/// Counts what is in one directory and spawns an item for each directory in it.
tally list_directory(const fs::path& directory, parwork::context& context) {
  tally found{.directories = 1};
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    const fs::file_type type = entry->symlink_status(gone).type();
    if (type == fs::file_type::directory) {
      context.spawn(entry->path());
    } else if (type == fs::file_type::regular) {
      const std::uintmax_t size = entry->file_size(gone);
      if (!gone) found.bytes += size;
      ++found.files;
    }
    if (gone) {
      complain(entry->path(), gone);
      ++found.unreadable;
    }
  }
  if (error) {
    complain(directory, error);
    ++found.unreadable;
  }
  return found;
}
// [/walk]

int body(examples::arguments& words) {
  const examples::interrupt ctrl_c;
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  const std::vector<std::string> operands = words.operands();
  const std::vector<fs::path> roots(operands.begin(), operands.end());
  if (roots.empty()) throw examples::usage_error("no directory given");
  for (const fs::path& root : roots) {
    std::error_code error;
    if (fs::is_directory(root, error)) continue;
    throw examples::usage_error(root.string() + ": " +
                                (error ? error.message() : std::string("Not a directory")));
  }

  // [run]
  auto total = parwork::reduce(tally(), add_up, add_up);
  const parwork::summary summary =
      parwork::process(roots, list_directory, total, {.workers = workers, .stop = ctrl_c.token()});
  // [/run]

  const tally counted = total.value();
  std::printf("%llu files, %llu directories, %llu bytes\n",
              static_cast<unsigned long long>(counted.files),
              static_cast<unsigned long long>(counted.directories),
              static_cast<unsigned long long>(counted.bytes));
  examples::flush_output();
  std::cerr << summary << '\n';
  if (summary.stopped) return examples::interrupted;
  return counted.unreadable == 0 ? examples::all_done : examples::some_failed;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
