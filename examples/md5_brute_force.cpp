// md5_brute_force: finds the string whose MD5 is known, by trying them all.
//
// Shows: `split`, so that workers claim slices of the candidates without a lock; items that hold as
// many candidates as a vector unit hashes at once; `reduce`, so that results meet nowhere before
// the end; stopping a run when the answer is there.
#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <parwork/parwork.hpp>
#include <ranges>
#include <stdexcept>
#include <stop_token>
#include <string>

#include "common/candidates.hpp"
#include "common/interrupt.hpp"
#include "common/md5.hpp"
#include "common/md5_lanes.hpp"
#include "common/program.hpp"

namespace {

// What came of one item, and, added up, of all.
struct tried {
  std::uint64_t count = 0;
  std::optional<std::uint64_t> match = {};

  void add(const tried& other) {
    count += other.count;
    if (other.match) match = other.match;
  }
};

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

  constexpr std::uint64_t lanes = examples::md5_lane_count;

  // An item is a number of lanes' candidates, from `lanes * block` on.
  const auto try_block = [&](examples::md5_lanes& hashes, std::uint64_t block) {
    tried result;
    const std::uint64_t first = lanes * block;
    result.count = std::min(lanes, count - first);
    for (std::uint64_t lane = 0; lane < result.count; ++lane) {
      hashes.set(lane, examples::candidate_text(first + lane, search.length).view());
    }
    const unsigned matches = hashes.matches(search.wanted);
    const auto lane = static_cast<std::uint64_t>(std::countr_zero(matches));
    if (lane < result.count) {  // without a match it is the number of bits
      result.match = first + lane;
      if (!all) stop.request_stop();
    }
    return result;
  };
  const auto add = [](tried& sum, const tried& one) { sum.add(one); };
  auto sum = parwork::reduce(tried{}, add, add);

  const parwork::summary summary = parwork::process(
      parwork::split(std::views::iota(std::uint64_t{0}, (count + lanes - 1) / lanes)),
      parwork::per_worker([&] { return examples::md5_lanes(search.length); }, try_block), sum,
      {.workers = workers, .stop = stop.get_token(), .on_progress = parwork::progress_bar(stderr)});
  const tried total = sum.value();
  // [/search]

  const double seconds = std::chrono::duration<double>(summary.wall).count();
  std::printf("tried %llu of %llu strings in %.3f s: %.2f million a second\n",
              static_cast<unsigned long long>(total.count), static_cast<unsigned long long>(count),
              seconds, static_cast<double>(total.count) / seconds / 1e6);
  if (total.match) {
    const examples::candidate_text text(*total.match, search.length);
    if (examples::md5_hasher(search.md5).hash(text.view()) != search.wanted) {
      throw std::logic_error("OpenSSL does not agree that this is the string: " +
                             std::string(text.view()));
    }
    std::printf("found %s\n", std::string(text.view()).c_str());
  }
  examples::flush_output();
  std::cerr << summary << '\n';
  if (total.match) return examples::all_done;
  if (ctrl_c.happened()) return examples::interrupted;
  std::cerr << "md5_brute_force: no such string has this MD5\n";
  return examples::some_failed;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
