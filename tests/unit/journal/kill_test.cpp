// Runs that are killed at random instants, on and on, until they are through. After each kill:
// - what was committed before is committed still;
// - the next run works on nothing that was committed;
// - no more was lost than the records that may be on their way to the disk, commit_records, and the
//   items in flight.
// At the end the collected results are those of an undisturbed run.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/child.hpp"
#include "support/temporary_folder.hpp"
#include "unit/journal/sample_run.hpp"

namespace {

namespace fs = std::filesystem;
using parwork::journal;

using multiset = std::multiset<std::string>;

constexpr int items = 3000;
constexpr int kills = 34;  // of each of the programs below: 204 in all

struct way {
  const char* order;
  const char* durability;
  int commit_ms;
  int commit_records;
};

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::uintmax_t size_of(const fs::path& file) {
  std::error_code none;
  const auto size = fs::file_size(file, none);
  return none ? 0 : size;
}

multiset committed_in(const fs::path& file) {
  multiset keys;
  journal j{file};
  j.for_each([&](const parwork::journal_record& r) { keys.emplace(r.key()); });
  return keys;
}

multiset minus(const multiset& all, const multiset& some) {
  multiset rest;
  std::ranges::set_difference(all, some, std::inserter(rest, rest.end()));
  return rest;
}

class killed_run {
 public:
  killed_run(const way& how, std::mt19937& random) : how_(how), random_(random) {
    const auto input = sample_items(items);
    input_.insert(input.begin(), input.end());
  }

  void run_and_kill() {
    const std::uintmax_t before = size_of(worked_file);
    child program(command());
    // At an instant of its progress: after this many bytes of lines, and a moment more.
    const std::uintmax_t until = before + random_() % 1200;
    while (size_of(worked_file) < until && !program.has_ended()) std::this_thread::yield();
    for (unsigned spins = random_() % 2000; spins > 0; --spins) std::this_thread::yield();
    const bool ended = program.has_ended();
    ended ? (void)program.wait() : (void)program.kill();
    check(before);
  }

  std::string run_to_end() {
    const std::uintmax_t before = size_of(worked_file);
    child program(command());
    EXPECT_EQ(program.wait(), 0);
    check(before);
    return text_of(collected_file);
  }

 private:
  std::vector<std::string> command() const {
    return {JOURNAL_PROGRAM,
            "run",
            file,
            worked_file,
            collected_file,
            std::to_string(items),
            how_.order,
            how_.durability,
            std::to_string(how_.commit_ms),
            std::to_string(how_.commit_records)};
  }

  void check(std::uintmax_t worked_before) {
    const auto lines = lines_of(text_of(worked_file).substr(worked_before));
    const multiset worked(lines.begin(), lines.end());
    const multiset to_do = minus(input_, committed_);
    EXPECT_TRUE(std::ranges::includes(to_do, worked)) << "committed items were worked on again";

    const multiset now = committed_in(file);
    EXPECT_TRUE(std::ranges::includes(now, committed_)) << "committed records are lost";
    const std::size_t in_flight = 100 * parwork::available_cpus();
    const auto lost = worked.size() - std::min(worked.size(), now.size() - committed_.size());
    EXPECT_LE(lost, static_cast<std::size_t>(how_.commit_records) + in_flight);
    committed_ = now;
  }

  const way how_;
  std::mt19937& random_;
  temporary_folder folder_;
  const fs::path file = folder_ / "runs.db";
  const fs::path worked_file = folder_ / "worked";
  const fs::path collected_file = folder_ / "collected";
  multiset input_;
  multiset committed_;
};

// What an undisturbed run collects, in input order.
const std::string& undisturbed() {
  static const std::string text = [] {
    std::string all;
    (void)parwork::process(sample_items(items), sample_work,
                           [&](const parwork::completion<std::string, std::string>& done) {
                             all += sample_line(done);
                           },
                           {.order = parwork::ordering::input});
    return all;
  }();
  return text;
}

class journal_kill : public testing::TestWithParam<way> {};

TEST_P(journal_kill, minus_nine_at_any_instant_loses_nothing_that_was_committed) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  killed_run run(GetParam(), random);
  for (int i = 0; i < kills && !HasFailure(); ++i) run.run_and_kill();
  const std::string collected = run.run_to_end();
  if (GetParam().order == std::string("input")) {
    EXPECT_TRUE(collected == undisturbed()) << "another collection than the undisturbed run's";
  } else {
    const auto some = lines_of(collected), all = lines_of(undisturbed());
    EXPECT_EQ(multiset(some.begin(), some.end()), multiset(all.begin(), all.end()));
  }
}

INSTANTIATE_TEST_SUITE_P(ways, journal_kill,
                         testing::Values(way{"input", "process", 50, 1000},
                                         way{"input", "full", 1, 20}, way{"input", "process", 0, 1},
                                         way{"completion", "full", 50, 50},
                                         way{"completion", "process", 1, 1000},
                                         way{"completion", "process", 5, 7}));

TEST(journal_holder, is_named_by_its_pid_and_gone_when_it_is_killed) {
  const temporary_folder folder;
  const fs::path file = folder / "runs.db";
  child holder({JOURNAL_PROGRAM, "hold", file});
  EXPECT_EQ(holder.read_line(), "held");
  const fs::path link = folder / "link.db";
  fs::create_symlink(file, link);
  for (const auto& name : {file, link}) {
    try {
      journal j{name};
      FAIL();
    } catch (const parwork::journal_busy& busy) {
      EXPECT_EQ(busy.pid(), holder.pid());
      EXPECT_NE(std::string(busy.what()).find(std::to_string(holder.pid())), std::string::npos);
    }
  }
  EXPECT_EQ(holder.kill(), -SIGKILL);
  journal j{file};
  EXPECT_EQ(j.size(), 0U);
}

// Somebody else's lock with a dead process's number in it: as a holder leaves it that is killed
// while it starts a process.
TEST(journal_holder, what_it_was_starting_when_it_was_killed_is_waited_for) {
  const temporary_folder folder;
  const fs::path file = folder / "runs.db";
  child holder({JOURNAL_PROGRAM, "hold", file});
  EXPECT_EQ(holder.read_line(), "held");
  EXPECT_EQ(holder.kill(), -SIGKILL);
  const std::string lock = file.string() + "-lock";
  int other = ::open(lock.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(other, LOCK_EX | LOCK_NB), 0);
  const int watch = ::inotify_init1(IN_CLOEXEC);
  ASSERT_GE(::inotify_add_watch(watch, lock.c_str(), IN_OPEN), 0);
  std::thread releases([&] {
    inotify_event event{};
    for (int openings = 0; openings < 2; ++openings) {  // the first one was in vain
      EXPECT_EQ(::read(watch, &event, sizeof event), static_cast<ssize_t>(sizeof event));
    }
    ::close(other);
  });
  EXPECT_NO_THROW(journal{file});
  releases.join();
  ::close(watch);
}

}  // namespace
