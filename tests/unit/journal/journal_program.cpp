// The programs that the journal's tests start, kill, and give too little of a disk.
//
//   journal_program run JOURNAL WORKED COLLECTED ITEMS ORDER DURABILITY COMMIT_MS COMMIT_RECORDS
//   journal_program hold JOURNAL           has it open until it is killed; says so by a line
//   journal_program hold_some JOURNAL      the same, with a hundred records in it
//   journal_program hold_and_fork JOURNAL  the same, with a child that lives on when it is killed
//   journal_program large JOURNAL ITEMS INSERTED     prints: items worked on, peak memory in KiB
//   journal_program full FOLDER            fills a small file system mounted there; 77: may not
//   mount
//
// Each dies with the test that started it.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <expected>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "unit/journal/sample_run.hpp"

namespace {

using parwork::completion;
using parwork::journal;
using parwork::ordering;

void die_with_parent() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == 1) std::_Exit(1);
}

// --- run ---

int run_program(char** argument) {
  const std::string collected_file = argument[2];
  const int worked = ::open(argument[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  journal j{argument[0],
            {.commit_every = std::chrono::milliseconds(std::atoi(argument[6])),
             .commit_records = static_cast<std::size_t>(std::atoi(argument[7])),
             .durability = argument[5] == std::string("full") ? parwork::durability::full
                                                              : parwork::durability::process}};
  std::string collected;
  (void)parwork::process(
      j, sample_items(std::atoi(argument[3])),
      [&](const std::string& item) {
        const std::string line = item + "\n";  // one write: whole lines, also by several workers
        if (::write(worked, line.data(), line.size()) < 0) std::abort();
        return sample_work(item);
      },
      [&](const completion<std::string, std::string>& done) { collected += sample_line(done); },
      {.order = argument[4] == std::string("input") ? ordering::input : ordering::completion});
  std::ofstream(collected_file, std::ios::binary) << collected;
  return 0;
}

// --- hold ---

int hold_program(char** argument) {
  journal j{argument[0]};
  std::puts("held");
  std::fflush(stdout);
  for (;;) ::pause();
}

int hold_some_program(char** argument) {
  journal j{argument[0]};
  (void)parwork::process(j, std::views::iota(0, 100), [](int i) { return i; }, [](int) {});
  std::puts("held");
  std::fflush(stdout);
  for (;;) ::pause();
}

// The child lives until nobody reads its standard output any more.
int hold_and_fork_program(char** argument) {
  journal j{argument[0]};
  const pid_t parent = ::getpid();
  if (::fork() == 0) {
    ::prctl(PR_SET_PDEATHSIG, 0);
    std::signal(SIGPIPE, SIG_DFL);
    for (;;) {
      ::usleep(10'000);
      // Whoever takes orphans in: process 1, or a subreaper.
      if (::getppid() != parent && ::write(STDOUT_FILENO, "\n", 1) < 0) std::_Exit(0);
    }
  }
  std::puts("held");
  std::fflush(stdout);
  for (;;) ::pause();
}

// --- large ---

int large_program(char** argument) {
  const long items = std::atol(argument[1]);
  const long inserted = std::atol(argument[2]);
  const auto generator = [next = -inserted, items]() mutable -> std::optional<long> {
    if (next == items) return std::nullopt;
    return next++;
  };
  journal j{argument[0], {.durability = parwork::durability::process}};
  std::atomic<long> worked = 0;
  long next = -inserted;
  (void)parwork::process(
      j, std::function<std::optional<long>()>(generator),
      [&](long i) {
        worked.fetch_add(1, std::memory_order_relaxed);  // read after the run
        return std::pair(i, 2 * i);
      },
      [&](std::pair<long, long> r) {
        if (r.first != next++ || r.second != 2 * r.first) throw std::logic_error("wrong result");
      },
      {.order = ordering::input});
  if (next != items) throw std::logic_error("results are missing");
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  std::printf("%ld %ld\n", worked.load(), used.ru_maxrss);
  return 0;
}

// --- full ---

constexpr int may_not_mount = 77;

void write_text(const char* file, const std::string& text) {
  const int descriptor = ::open(file, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)!::write(descriptor, text.data(), text.size());
  ::close(descriptor);
}

// A mount of this process's own.
bool mount_small(const char* folder) {
  if (::geteuid() != 0) {
    const std::string uid = std::to_string(::geteuid()), gid = std::to_string(::getegid());
    if (::unshare(CLONE_NEWUSER) != 0) return false;
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", "0 " + uid + " 1");
    write_text("/proc/self/gid_map", "0 " + gid + " 1");
  }
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", folder, "tmpfs", 0, "size=2m") == 0;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "journal_program full: %s\n", what);
  std::_Exit(1);
}

struct seen {
  std::multiset<std::string> worked, collected;
  bool was_full = false;
};

seen run_on_disk(const std::string& file, int items) {
  seen out;
  std::mutex lock;
  try {
    journal j{file};
    (void)parwork::process(
        j, sample_items(items),
        [&](const std::string& item) {
          const std::lock_guard guard(lock);
          out.worked.insert(item);
          return sample_work(item);
        },
        [&](const completion<std::string, std::string>& done) { out.collected.insert(done.item); });
  } catch (const parwork::journal_unwritable& full) {
    out.was_full = true;
    require(std::string(full.what()).find(file) != std::string::npos, full.what());
  }
  return out;
}

std::multiset<std::string> recorded_in(const std::string& file) {
  std::multiset<std::string> keys;
  journal j{file};
  j.for_each([&](const parwork::journal_record& r) { keys.emplace(r.key()); });
  return keys;
}

int full_program(char** argument) {
  if (!mount_small(argument[0])) return may_not_mount;
  const std::string file = std::string(argument[0]) + "/runs.db";
  constexpr int items = 10'000;
  const seen first = run_on_disk(file, items);
  require(first.was_full, "the run did not say that the disk is full");
  require(first.collected.size() > 50, "nothing was collected before the disk was full");

  require(::mount("none", argument[0], "tmpfs", MS_REMOUNT, "size=64m") == 0, "remount failed");
  const auto recorded = recorded_in(file);
  require(std::ranges::includes(recorded, first.collected),
          "something that was collected is not recorded");
  const seen second = run_on_disk(file, items);
  require(!second.was_full, "the disk is full still");
  require(second.collected.size() == items, "the second run's collection is not complete");
  require(second.worked.size() == items - recorded.size(), "recorded items were worked on again");
  return 0;
}

}  // namespace

int main(int count, char** argument) {
  die_with_parent();
  const std::map<std::string, std::pair<int, int (*)(char**)>> programs{
      {"run", {8, run_program}},
      {"hold", {1, hold_program}},
      {"hold_some", {1, hold_some_program}},
      {"hold_and_fork", {1, hold_and_fork_program}},
      {"large", {3, large_program}},
      {"full", {1, full_program}}};
  const auto program = count < 2 ? programs.end() : programs.find(argument[1]);
  if (program == programs.end() || count - 2 != program->second.first) return 2;
  try {
    return program->second.second(argument + 2);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "journal_program: %s\n", error.what());
    return 1;
  }
}
