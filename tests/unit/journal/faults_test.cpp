// A disk that fails: the n-th write, the n-th sync, for every n of a short run. The run ends with
// one of the journal's errors, or well where SQLite can do without; what was seen to be recorded is
// recorded; and the run after it, on a disk that is well, is complete.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/child.hpp"
#include "support/faulty_vfs.hpp"
#include "support/temporary_folder.hpp"
#include "unit/journal/sample_run.hpp"

namespace {

using parwork::journal;
using strings = std::vector<std::string>;
using multiset = std::multiset<std::string>;

constexpr int items = 60;

struct outcome {
  multiset worked;
  strings collected;
  bool failed = false;
};

// Throws what is not one of the journal's own errors.
outcome run(const std::filesystem::path& file) {
  outcome out;
  std::mutex lock;
  try {
    journal j{file, {.commit_records = 8}};
    (void)parwork::process(
        j, sample_items(items),
        [&](const std::string& item) {
          const std::lock_guard guard(lock);
          out.worked.insert(item);
          return sample_work(item);
        },
        [&](const parwork::completion<std::string, std::string>& done) {
          out.collected.push_back(sample_line(done));
        },
        {.workers = 2, .queue = 8, .order = parwork::ordering::input});
  } catch (const parwork::journal_error& error) {
    out.failed = true;
    EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
  }
  return out;
}

multiset recorded_in(const std::filesystem::path& file) {
  multiset keys;
  journal j{file};
  j.for_each([&](const parwork::journal_record& r) { keys.emplace(r.key()); });
  return keys;
}

const strings& undisturbed() {
  static const strings lines = [] {
    const temporary_folder folder;
    return run(folder / "runs.db").collected;
  }();
  return lines;
}

// Whether the run came to its end before the fault.
bool survives_fault(faulty_vfs::operation what, int nth, faulty_vfs::how fault) {
  const temporary_folder folder;
  const auto file = folder / "runs.db";
  faulty_vfs::fail(what, nth, fault);
  const outcome first = run(file);
  const bool reached = faulty_vfs::heal();
  EXPECT_TRUE(first.failed || first.collected == undisturbed());
  EXPECT_TRUE(reached || !first.failed);

  const multiset recorded = recorded_in(file);
  const outcome second = run(file);
  EXPECT_FALSE(second.failed);
  EXPECT_EQ(second.collected, undisturbed());
  EXPECT_EQ(second.worked.size(), items - recorded.size());
  return !reached;
}

void for_every_n(faulty_vfs::operation what, faulty_vfs::how fault) {
  faulty_vfs::install();
  int n = 1;
  for (bool over = false; !over && !testing::Test::HasFailure(); ++n) {
    SCOPED_TRACE("n = " + std::to_string(n));
    over = survives_fault(what, n, fault);
  }
  EXPECT_GT(n, 10) << "the run has hardly any of these operations";
}

using faulty_vfs::how;
using faulty_vfs::operation;

TEST(journal_faults, nth_write_fails_once) { for_every_n(operation::write, how::once); }
TEST(journal_faults, nth_write_and_all_that_follow_fail) {
  for_every_n(operation::write, how::for_good);
}
TEST(journal_faults, nth_write_is_torn) { for_every_n(operation::write, how::torn); }
TEST(journal_faults, disk_is_full_from_the_nth_write_on) {
  for_every_n(operation::write, how::full);
}
TEST(journal_faults, nth_sync_fails_once) { for_every_n(operation::sync, how::once); }
TEST(journal_faults, nth_sync_and_all_that_follow_fail) {
  for_every_n(operation::sync, how::for_good);
}

TEST(journal_full_disk, stops_the_run_and_keeps_what_was_collected) {
  const temporary_folder folder;
  child program({JOURNAL_PROGRAM, "full", (folder / "any").parent_path()});
  const int status = program.wait();
  if (status == 77) {
    // Nothing is left untested but the mount: the faults above fill the disk, too.
    std::puts("this system lets nobody mount a small file system here");
    return;
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
