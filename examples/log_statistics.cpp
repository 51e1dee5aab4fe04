// log_statistics: how often each status stands in a web server's log, and how many bytes went out.
//
// Shows: `file_blocks` with `split` and `reduce`. Every worker reads blocks of the file, cuts them
// into lines and counts into numbers of its own: no part of the run is serial.
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <parwork/parwork.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/interrupt.hpp"
#include "common/program.hpp"

namespace {

constexpr std::string_view usage =
    R"(usage: log_statistics [--workers N] [--block BYTES] FILE

Counts the requests in a log of the common format, by their status:
  192.0.2.7 - - [10/Oct/2026:13:55:36 +0000] "GET /index.html HTTP/1.1" 200 2326

  --workers N     threads (default: the CPUs that may be used)
  --block BYTES   what a worker takes at once (default: 1048576)

Exit status: 0 done; 1 the file could not be read, or the output was lost; 2 bad usage;
130 interrupted.
)";

// [statistics]
struct statistics {
  std::map<unsigned, std::uint64_t> by_status = {};
  std::uint64_t bytes = 0;
  std::uint64_t unreadable = 0;  // lines
};

// Status and bytes stand behind the request, which ends with a quotation mark and a space.
void add_line(statistics& to, std::string_view line) {
  const std::size_t behind = line.find("\" ", line.find('"') + 1);
  const char* const end = line.data() + line.size();
  unsigned status = 0;
  const char* at = behind == std::string_view::npos ? end : line.data() + behind + 2;
  const auto [stopped_at, error] = std::from_chars(at, end, status);
  if (error != std::errc() || stopped_at == end || *stopped_at != ' ') {
    ++to.unreadable;
    return;
  }
  ++to.by_status[status];
  std::uint64_t bytes = 0;  // stays so where the log has "-"
  std::from_chars(stopped_at + 1, end, bytes);
  to.bytes += bytes;
}

statistics statistics_of(std::string_view block) {
  statistics found;
  parwork::each_line(block, [&](std::string_view line) { add_line(found, line); });
  return found;
}

/// Serves both as fold, for one block, and as merge, for one worker.
void add_up(statistics& total, const statistics& part) {
  for (const auto& [status, count] : part.by_status) total.by_status[status] += count;
  total.bytes += part.bytes;
  total.unreadable += part.unreadable;
}
// [/statistics]

void print(const statistics& total) {
  for (const auto& [status, count] : total.by_status) {
    std::printf("%u %llu\n", status, static_cast<unsigned long long>(count));
  }
  std::printf("bytes %llu\n", static_cast<unsigned long long>(total.bytes));
  std::printf("unreadable %llu\n", static_cast<unsigned long long>(total.unreadable));
  examples::flush_output();
}

int body(examples::arguments& words) {
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  const std::uint64_t block = words.number("--block", 1 << 20, 1);
  const std::vector<std::string> names = words.operands();
  if (names.size() != 1) throw examples::usage_error("one FILE is needed");
  const std::string& name = names.front();
  const examples::interrupt ctrl_c;

  // [run]
  auto total = parwork::reduce(statistics(), add_up, add_up);
  const parwork::summary summary =
      parwork::process(parwork::split(parwork::file_blocks(name, {.block = block})), statistics_of,
                       total, {.workers = workers, .stop = ctrl_c.token()});
  // [/run]

  std::cerr << summary << '\n';
  if (summary.stopped) return examples::interrupted;
  print(total.value());
  return examples::all_done;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
