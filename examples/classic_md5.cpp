// classic_md5: the search of md5_brute_force with the classic interface, where each item is an
// object that does its own work.
//
// Shows: `parwork::work` and `parwork::processor`. Each candidate is an object on the heap and a
// virtual call, which costs some tens of nanoseconds: prefer `process` where items are small.
#include <any>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <parwork/options.hpp>
#include <parwork/work.hpp>
#include <stop_token>
#include <string>

#include "common/candidates.hpp"
#include "common/interrupt.hpp"
#include "common/md5.hpp"
#include "common/program.hpp"

namespace {

constexpr std::string_view usage =
    R"(usage: classic_md5 [--hash HEX] [--length N] [--workers N] [--queue N]

Finds the string of N characters out of a-z, A-Z and 0-9 that has the MD5 given.

  --hash HEX    the MD5 to look for, 32 hexadecimal digits (default: that of a random string)
  --length N    length of the string, 1 to 10 (default: 4)
  --workers N   threads (default: the CPUs that may be used)
  --queue N     candidates in flight at once (default: 100 times the workers)

Exit status: 0 found; 1 not found, or hashing failed; 2 bad usage; 130 interrupted.
)";

// [candidate]
/// One string to try. Its result is the string where it matches, else empty.
class candidate : public parwork::work {
 public:
  candidate(std::uint64_t number, const examples::search& search)
      : text_(number, search.length), search_(search) {}

  void run() override {
    // One for each thread: making a hasher costs more than hashing.
    thread_local examples::md5_hasher hasher(search_.md5);
    matches_ = hasher.hash(text_.view()) == search_.wanted;
  }

  std::any result() const override {
    return matches_ ? std::any(std::string(text_.view())) : std::any();
  }

 private:
  examples::candidate_text text_;
  const examples::search& search_;
  bool matches_ = false;
};
// [/candidate]

int body(examples::arguments& words) {
  const examples::interrupt ctrl_c;
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  const std::uint64_t queue = words.number("--queue", 0, 0, parwork::max_queue);
  const examples::search search = examples::search_from(words);
  if (!words.operands().empty()) throw examples::usage_error("there are no operands");
  examples::announce(search);

  // [processor]
  const std::uint64_t count = examples::candidate_count(search.length);
  const std::stop_token stop = ctrl_c.token();
  // The generator reads what the collector wrote, maybe on another thread.
  std::atomic<bool> done = false;
  std::string found;
  std::uint64_t failed = 0;

  std::uint64_t next = 0;
  const auto generator = [&]() -> std::unique_ptr<parwork::work> {
    if (done || stop.stop_requested() || next == count) return nullptr;
    return std::make_unique<candidate>(next++, search);
  };
  const auto collector = [&](std::unique_ptr<parwork::work> tried) {
    if (tried->error() != nullptr) ++failed;
    const std::any result = tried->result();
    if (const auto* text = std::any_cast<std::string>(&result)) {
      found = *text;
      done = true;
    }
  };
  parwork::processor processor(generator,
                               {.workers = workers, .queue = queue, .collector = collector});
  const parwork::summary summary = processor.process();
  // [/processor]

  const double seconds = std::chrono::duration<double>(summary.wall).count();
  std::printf("tried %llu of %llu strings in %.3f s: %.2f million a second\n",
              static_cast<unsigned long long>(summary.produced),
              static_cast<unsigned long long>(count), seconds,
              static_cast<double>(summary.produced) / seconds / 1e6);
  if (done) std::printf("found %s\n", found.c_str());
  examples::flush_output();
  std::cerr << summary << '\n';
  if (done) return examples::all_done;
  if (ctrl_c.happened()) return examples::interrupted;
  std::cerr << "classic_md5: " << (failed == 0 ? "no such string has this MD5" : "hashing failed")
            << '\n';
  return examples::some_failed;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
