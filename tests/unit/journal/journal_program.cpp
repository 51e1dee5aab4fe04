// The programs that the journal's tests start, kill, and give too little of a disk.
//
//   journal_program run JOURNAL WORKED COLLECTED ITEMS ORDER DURABILITY COMMIT_MS COMMIT_RECORDS
//   journal_program slow_first JOURNAL WORKED FORM ITEMS END
//     END: killed, while the first item is under way and once all others are recorded; or whole
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
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
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

// --- slow_first ---

class slow_first {
 public:
  explicit slow_first(char** argument)
      : worked_(::open(argument[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)),
        items_(static_cast<std::uint64_t>(std::atoi(argument[3]))),
        is_killed_(argument[4] == std::string("killed")),
        journal_{argument[0],
                 {.commit_every = std::chrono::milliseconds(1),
                  .durability = parwork::durability::process}} {}

  // What came of it in a whole run: an empty line, or what was wrong.
  std::string run(const std::string& form) {
    const std::map<std::string, std::function<void()>> forms{
        {"items", [this] { process([this](int i) { return begin(i), hold(i, 1), 2 * i; }); }},
        {"failures", [this] { process([this](int i) { return begin(i), failing(i); }); }},
        {"retries",
         [this] {
           process([this](int i, parwork::context& about) { return retried(i, about.attempt()); });
         }},
        {"batched",
         [this] {
           process(parwork::batched([this](std::span<int> span) { return doubled(span); }, 4));
         }},
        {"asynchronous", [this] {
           process([this](int i, parwork::completer<int> done) { start(i, std::move(done)); });
         }}};
    forms.at(form)();
    return wrong_;
  }

 private:
  using returned = std::expected<int, std::string>;

  template <class Work>
  void process(Work&& work) {
    int next = 0;
    (void)parwork::process(
        journal_, std::views::iota(0, static_cast<int>(items_)), std::forward<Work>(work),
        [&](const completion<int, int>& done) {
          if (done.item != next++) wrong_ = "not in input order";
          if (done.result && *done.result != 2 * done.item) wrong_ = "another item's result";
        },
        {.workers = 2,
         .queue = items_,
         .order = ordering::input,
         .retry = {.max_attempts = 3, .backoff = std::chrono::microseconds(10)}});
    if (next != static_cast<int>(items_)) wrong_ = "items are missing";
    if (holder_.joinable()) holder_.join();
  }

  void begin(int i) const {
    const std::string line = std::to_string(i) + "\n";  // one write: whole lines, by any worker
    if (::write(worked_, line.data(), line.size()) < 0) std::abort();
  }

  // The first item: until all are recorded but those that it holds up, and then no more.
  void hold(int i, std::size_t held_up) {
    if (i != 0 || !is_killed_) return;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (journal_.size() + held_up < items_ && std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
    }
    journal_.commit();
    ::kill(::getpid(), SIGKILL);
  }

  returned failing(int i) {
    hold(i, 1);
    if (i == 0) return 0;
    return std::unexpected("no " + std::to_string(i));
  }
  returned retried(int i, unsigned attempt) {
    begin(i);
    hold(i, 1);
    if (i != 0 && (attempt < 3 || i % 2 != 0)) return std::unexpected("not yet");
    return 2 * i;
  }
  std::vector<int> doubled(std::span<int> span) {
    for (const int i : span) begin(i);
    hold(span.front(), span.size());
    std::vector<int> out;
    for (const int i : span) out.push_back(2 * i);
    return out;
  }
  void start(int i, parwork::completer<int> done) {
    begin(i);
    if (i != 0 || !is_killed_) return done.succeed(2 * i);
    holder_ = std::thread([this, kept = std::move(done)] { hold(0, 1); });
  }

  const int worked_;
  const std::uint64_t items_;
  const bool is_killed_;
  journal<> journal_;
  std::thread holder_;
  std::string wrong_;
};

int slow_first_program(char** argument) {
  std::puts(slow_first(argument).run(argument[2]).c_str());
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
      {"slow_first", {5, slow_first_program}},
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
