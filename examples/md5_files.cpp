// md5_files: the MD5 of every regular file below the directories given, as md5sum prints it.
//
// Shows: a lazy generator (`files`), a state for each worker (`per_worker`), output in input order,
// failures that do not end the run, a progress bar, Ctrl-C; with --journal a run that goes on after
// `kill -9`; and with --report a page that shows what held the run back.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <iostream>
#include <optional>
#include <parwork/parwork.hpp>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#ifdef EXAMPLES_JOURNAL
#include <parwork/journal.hpp>
#endif

#include "common/interrupt.hpp"
#include "common/md5.hpp"
#include "common/program.hpp"

namespace fs = std::filesystem;

namespace {

constexpr std::string_view usage =
    R"(usage: md5_files [--workers N] [--queue N] [--journal FILE] [--report FILE] [--] DIRECTORY...

Prints the MD5 of every regular file below the directories, in md5sum's format: 'md5sum -c' accepts
the output. Symbolic links are not followed. With standard error on a terminal the files are counted
first and progress is shown.

  --workers N     files hashed at once (default: the CPUs that may be used)
  --queue N       files in flight at once (default: 100 times the workers)
  --journal FILE  record each hash in FILE, which is made where it is missing. A run that was killed
                  goes on when it is started again: files that are recorded, and have not been
                  written to since, are not read, and the output is complete all the same. Files
                  that could not be read are tried again. FILE must lie outside the directories.
  --report FILE   write an HTML report of the run to FILE: where its time went, and what to change

Exit status: 0 all files hashed; 1 some could not be read, or the output was lost, or the journal
cannot be used; 2 bad usage or a missing directory, with nothing hashed; 130 interrupted.
)";

// [hash]
/// What hashing a file needs, made once for each worker.
struct hashing_state {
  explicit hashing_state(const examples::md5_algorithm& algorithm) : md5(algorithm) {}

  examples::md5_hasher md5;
  std::vector<std::byte> buffer = std::vector<std::byte>(std::size_t{256} * 1024);
};

class open_file {
 public:
  explicit open_file(const fs::path& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~open_file() {
    if (number_ >= 0) ::close(number_);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  bool is_open() const { return number_ >= 0; }

  /// How many bytes were read: 0 at the end of the file, negative on an error.
  ssize_t read(std::span<std::byte> into) const {
    return ::read(number_, into.data(), into.size());
  }

 private:
  int number_;
};

std::unexpected<parwork::failure> last_error() {
  return std::unexpected(parwork::failure(std::error_code(errno, std::generic_category())));
}

/// A file of any size is given up between two blocks once the run is stopped.
std::expected<examples::md5_digest, parwork::failure> hash_file(hashing_state& own,
                                                                const fs::path& path,
                                                                parwork::context& context) {
  const open_file file(path);
  if (!file.is_open()) return last_error();
  const std::stop_token stop = context.stop_token();
  own.md5.start();
  while (true) {
    const ssize_t count = file.read(own.buffer);
    if (count < 0) return last_error();
    if (count == 0) return own.md5.finish();
    own.md5.add(std::span(own.buffer).first(static_cast<std::size_t>(count)));
    if (stop.stop_requested()) {
      return std::unexpected(parwork::failure(parwork::failure_kind::cancelled, "interrupted"));
    }
  }
}
// [/hash]

/// As md5sum does it: a line whose name holds a backslash, newline or carriage return begins with a
/// backslash, and those characters are written as \\, \n and \r.
std::string md5sum_line(const examples::md5_digest& digest, std::string_view name) {
  std::string escaped;
  for (const char character : name) {
    switch (character) {
      case '\\':
        escaped += "\\\\";
        break;
      case '\n':
        escaped += "\\n";
        break;
      case '\r':
        escaped += "\\r";
        break;
      default:
        escaped += character;
    }
  }
  const std::string_view mark = escaped.size() == name.size() ? "" : "\\";
  return std::string(mark) + examples::to_hex(digest) + "  " + escaped + '\n';
}

void print(std::string_view line) {
  if (std::fwrite(line.data(), 1, line.size(), stdout) == line.size()) return;
  throw std::system_error(errno, std::generic_category(), "cannot write to standard output");
}

/// One call of stdio, so that a message never mixes with the bar, which another thread draws.
void complain(const fs::path& path, std::string_view why) {
  static const bool beside_bar = ::isatty(STDERR_FILENO) == 1;
  const std::string message = std::string(beside_bar ? "\r\x1b[K" : "") +
                              "md5_files: " + path.string() + ": " + std::string(why) + '\n';
  std::fwrite(message.data(), 1, message.size(), stderr);
}

/// Whether each of them is a directory; complains about those that are not.
bool all_directories(const std::vector<fs::path>& roots) {
  bool all = true;
  for (const fs::path& root : roots) {
    std::error_code error;
    if (fs::is_directory(root, error)) continue;
    complain(root, error ? error.message() : std::string("Not a directory"));
    all = false;
  }
  return all;
}

// [generator]
/// The files below one directory after the other.
auto files_below(const std::vector<fs::path>& roots, parwork::files_on_error on_error) {
  return [&roots, on_error = std::move(on_error), next = roots.begin(),
          below = std::optional<parwork::file_generator>()]() mutable -> std::optional<fs::path> {
    while (true) {
      if (below) {
        if (std::optional<fs::path> file = (*below)()) return file;
      }
      if (next == roots.end()) return std::nullopt;
      below = parwork::files(*next++, on_error);
    }
  };
}
// [/generator]

/// For the bar alone: without a terminal nobody waits for this.
std::optional<std::uint64_t> count_files(const std::vector<fs::path>& roots,
                                         const std::stop_token& stop) {
  if (::isatty(STDERR_FILENO) == 0) return std::nullopt;
  auto next_file = files_below(roots, [](const fs::path&, std::error_code) {});
  std::uint64_t count = 0;
  while (!stop.stop_requested() && next_file()) ++count;
  return count;
}

// [journal]
#ifdef EXAMPLES_JOURNAL
constexpr bool has_journal = true;

/// What a file is known by in the journal. One that was written to since is another item, so its
/// hash is not taken from there.
std::string file_key(const fs::path& working_directory, const fs::path& path) {
  const std::string name = (working_directory / path).native();
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return "- - " + name;
  return std::to_string(about.st_size) + ' ' + std::to_string(about.st_mtim.tv_sec) + '.' +
         std::to_string(about.st_mtim.tv_nsec) + ' ' + name;
}

/// `run` is called with a journal, or without one where `file` is empty.
template <class Run>
parwork::summary run_with_journal(const fs::path& file, Run&& run) {
  if (file.empty()) return run();
  parwork::journal journal{
      file,
      {.retry_failed = true,
       .key = [here = fs::current_path()](const fs::path& path) { return file_key(here, path); },
       .fingerprint = "md5_files"}};
  return run(journal);
}
#else
constexpr bool has_journal = false;

template <class Run>
parwork::summary run_with_journal(const fs::path&, Run&& run) {
  return run();
}
#endif
// [/journal]

// [run]
int hash_below(const std::vector<fs::path>& roots, const fs::path& journal_file,
               const fs::path& report_file, parwork::options options) {
  std::uint64_t unreadable_directories = 0;
  const auto on_error = [&](const fs::path& path, std::error_code error) {
    ++unreadable_directories;
    complain(path, error.message());
  };

  const examples::md5_algorithm md5;
  std::atomic<std::uint64_t> read = 0;
  const auto hash = [&](hashing_state& own, const fs::path& path, parwork::context& context) {
    ++read;
    return hash_file(own, path, context);
  };
  std::uint64_t collected = 0;
  using hashed = parwork::completion<fs::path, examples::md5_digest>;
  const auto collector = [&](const hashed& file) {
    if (file.attempts > 0) ++collected;
    if (file.result) {
      print(md5sum_line(*file.result, file.item.native()));
    } else if (file.result.error().kind() != parwork::failure_kind::cancelled) {
      complain(file.item, file.result.error().message());
    }
  };
  parwork::recorder recorder({.title = "md5_files " + roots.front().string()});
  if (!report_file.empty()) options.record = &recorder;
  const parwork::summary summary = run_with_journal(journal_file, [&](auto&... journal) {
    return parwork::process(journal..., files_below(roots, on_error),
                            parwork::per_worker([&] { return hashing_state(md5); }, hash),
                            collector, std::move(options));
  });
  examples::flush_output();

  std::cerr << summary << '\n';
  if (!journal_file.empty()) {
    std::cerr << "md5_files: " << read << " files read, " << collected - read
              << " taken from the journal " << journal_file.native() << '\n';
  }
  if (!report_file.empty()) {
    recorder.write_report(report_file);
    std::cerr << "md5_files: the report is " << report_file.native() << ": " << recorder.verdict()
              << '\n';
  }
  if (summary.stopped) return examples::interrupted;
  if (summary.failed + unreadable_directories == 0) return examples::all_done;
  std::cerr << "md5_files: unreadable files: " << summary.failed
            << ", unreadable directories: " << unreadable_directories << '\n';
  return examples::some_failed;
}
// [/run]

/// Hashing a file while the journal writes to it would hash what never stands still.
void refuse_journal_below(const std::vector<fs::path>& roots, const fs::path& journal_file) {
  const fs::path file = fs::weakly_canonical(journal_file);
  for (const fs::path& root : roots) {
    const fs::path from_root = file.lexically_relative(fs::canonical(root));
    if (!from_root.empty() && *from_root.begin() != "..") {
      throw examples::usage_error("--journal: " + journal_file.string() +
                                  " lies below a directory to hash, " + root.string());
    }
  }
}

int body(examples::arguments& words) {
  const examples::interrupt ctrl_c;
  // A closed pipe is reported like a full disk, by the write that fails.
  std::signal(SIGPIPE, SIG_IGN);

  const std::uint64_t workers = words.number("--workers", 0, 0, parwork::max_workers);
  const std::uint64_t queue = words.number("--queue", 0, 0, parwork::max_queue);
  const std::optional<std::string> journal = words.value("--journal");
  const std::optional<std::string> report = words.value("--report");
  const std::vector<std::string> operands = words.operands();
  const std::vector<fs::path> roots(operands.begin(), operands.end());
  if (roots.empty()) throw examples::usage_error("no directory given");
  if (!all_directories(roots)) return examples::bad_usage;
  if (report) {
    if (!parwork::has_report())
      throw examples::usage_error("--report: this build has no report (PARWORK_REPORT=OFF)");
    if (report->empty()) throw examples::usage_error("--report: the file's name is empty");
  }
  if (journal) {
    if (!has_journal)
      throw examples::usage_error("--journal: this build has no journal (no SQLite)");
    if (journal->empty()) throw examples::usage_error("--journal: the file's name is empty");
    refuse_journal_below(roots, *journal);
  }

  // [options]
  return hash_below(roots, journal.value_or(""), report.value_or(""),
                    {.workers = static_cast<unsigned>(workers),
                     .queue = queue,
                     .order = parwork::ordering::input,
                     .stop = ctrl_c.token(),
                     .on_progress = parwork::progress_bar(stderr, "md5_files"),
                     .total = count_files(roots, ctrl_c.token())});
  // [/options]
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
