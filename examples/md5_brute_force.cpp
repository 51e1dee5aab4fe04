// md5_brute_force: finds the string whose MD5 is known, by trying them all.
//
// Shows: `split`, so that workers claim slices of the candidates without a lock; `reduce`, so that
// results meet nowhere before the end; stopping a run when the answer is there.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <parwork/parwork.hpp>
#include <ranges>
#include <stop_token>
#include <string>

#include "common/candidates.hpp"
#include "common/interrupt.hpp"
#include "common/md5.hpp"
#include "common/program.hpp"

namespace {

constexpr std::string_view usage =
    R"(usage: md5_brute_force [--hash HEX] [--length N] [--all] [--workers N]

Finds the string of N characters out of a-z, A-Z and 0-9 that has the MD5 given.

  --hash HEX    the MD5 to look for, 32 hexadecimal digits (default: that of a random string)
  --length N    length of the string, 1 to 10 (default: 4)
  --all         go on when it is found, through every combination
  --workers N   threads (default: the CPUs that may be used)

Exit status: 0 found; 1 not found; 2 bad usage; 130 interrupted.
)";

int body(examples::arguments& words) {
  examples::interrupt ctrl_c;
  const bool all = words.flag("--all");
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  const examples::search search = examples::search_from(words);
  if (!words.operands().empty()) throw examples::usage_error("there are no operands");
  examples::announce(search);

  // [search]
  const std::uint64_t count = examples::candidate_count(search.length);
  std::stop_source& stop = ctrl_c.source();

  const auto matches = [&](examples::md5_hasher& hasher, std::uint64_t number) {
    const examples::candidate_text text(number, search.length);
    if (hasher.hash(text.view()) != search.wanted) return std::optional<std::uint64_t>();
    if (!all) stop.request_stop();
    return std::optional(number);
  };
  const auto keep_match = [](std::optional<std::uint64_t>& kept,
                             std::optional<std::uint64_t> match) {
    if (match) kept = match;
  };
  auto match = parwork::reduce(std::optional<std::uint64_t>(), keep_match, keep_match);

  const parwork::summary summary = parwork::process(
      parwork::split(std::views::iota(std::uint64_t{0}, count)),
      parwork::per_worker([&] { return examples::md5_hasher(search.md5); }, matches), match,
      {.workers = workers, .stop = stop.get_token(), .on_progress = parwork::progress_bar(stderr)});
  const std::optional<std::uint64_t> found = match.value();
  // [/search]

  const double seconds = std::chrono::duration<double>(summary.wall).count();
  std::printf("tried %llu of %llu strings in %.3f s: %.2f million a second\n",
              static_cast<unsigned long long>(summary.succeeded),
              static_cast<unsigned long long>(count), seconds,
              static_cast<double>(summary.succeeded) / seconds / 1e6);
  if (found) {
    const examples::candidate_text text(*found, search.length);
    std::printf("found %s\n", std::string(text.view()).c_str());
  }
  examples::flush_output();
  std::cerr << summary << '\n';
  if (found) return examples::all_done;
  if (ctrl_c.happened()) return examples::interrupted;
  std::cerr << "md5_brute_force: no such string has this MD5\n";
  return examples::some_failed;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
