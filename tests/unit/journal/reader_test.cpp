// Looking into a journal from outside: while a run writes it, where nothing may be written, when a
// run was killed.
#include "parwork/journal_reader.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <ranges>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/child.hpp"
#include "support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using parwork::journal;
using parwork::journal_reader;
using parwork::journal_record;
using strings = std::vector<std::string>;

class reading : public testing::Test {
 protected:
  void record(int items) {
    journal j{file_, {.fingerprint = "v1"}};
    (void)parwork::process(j, std::views::iota(0, items), [](int i) { return i; }, [](int) {});
  }
  static strings keys_of(const journal_reader& j) {
    strings keys;
    j.for_each([&](const journal_record& r) { keys.emplace_back(r.key()); });
    return keys;
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(file_.parent_path()), fs::directory_iterator()));
  }

  temporary_folder folder_;
  const fs::path file_ = folder_ / "runs 50%.db?";
};

// In a child that may read the folder and not write it. True: `test` held.
bool holds_without_rights(const fs::path& folder, const std::function<bool()>& test) {
  fs::permissions(folder, fs::perms(0555));
  for (const auto& entry : fs::directory_iterator(folder)) {
    fs::permissions(entry.path(), fs::perms(0444));
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    bool held = false;
    try {
      held = test();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
    }
    ::_exit(held ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  fs::permissions(folder, fs::perms(0755));
  for (const auto& entry : fs::directory_iterator(folder)) {
    fs::permissions(entry.path(), fs::perms(0644));
  }
  return status == 0;
}

TEST_F(reading, sees_what_was_recorded_and_leaves_no_file_behind) {
  record(1000);
  const journal_reader j{file_};
  EXPECT_EQ(j.size(), 1000U);
  EXPECT_EQ(j.fingerprint(), "v1");
  EXPECT_EQ(j.path(), file_);
  EXPECT_EQ(keys_of(j).size(), 1000U);
  EXPECT_EQ(keys_of(j).front(), "0");
  EXPECT_EQ(files(), 1U);
}

TEST_F(reading, needs_no_right_to_write) {
  record(10);
  EXPECT_TRUE(holds_without_rights(file_.parent_path(), [&] {
    return keys_of(journal_reader{file_}).size() == 10 && journal_reader{file_}.size() == 10;
  }));
}

TEST_F(reading, of_a_killed_run_needs_no_right_to_write) {
  child holder({JOURNAL_PROGRAM, "hold_some", file_});
  ASSERT_EQ(holder.read_line(), "held");
  holder.kill();
  ASSERT_GT(fs::file_size(file_.string() + "-wal"), 0U);
  EXPECT_TRUE(holds_without_rights(file_.parent_path(),
                                   [&] { return keys_of(journal_reader{file_}).size() == 100; }));
  fs::remove(file_.string() + "-shm");  // as in a copy of the other two
  EXPECT_TRUE(holds_without_rights(file_.parent_path(), [&] {
    try {
      (void)keys_of(journal_reader{file_});
    } catch (const parwork::journal_unwritable& error) {
      return std::string(error.what()).find("copy") != std::string::npos;
    }
    return false;
  }));
  EXPECT_EQ(keys_of(journal_reader{file_}).size(), 100U);
}

TEST_F(reading, goes_on_while_another_process_writes) {
  child holder({JOURNAL_PROGRAM, "hold_some", file_});
  ASSERT_EQ(holder.read_line(), "held");
  const journal_reader j{file_};
  EXPECT_EQ(keys_of(j).size(), 100U);
  EXPECT_EQ(j.size(), 100U);
  EXPECT_THROW(journal{file_}, parwork::journal_busy);
}

TEST_F(reading, goes_on_while_runs_begin_and_end) {
  record(1);
  std::atomic<bool> over = false;
  std::thread runs([&] {
    for (int i = 1; i <= 60; ++i) record(i * 20);
    over = true;
  });
  const journal_reader j{file_};
  std::size_t most = 0;
  while (!over) {
    const strings keys = keys_of(j);
    EXPECT_GE(keys.size(), most) << "records are missing that were there";
    for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(keys[i], std::to_string(i));
    most = keys.size();
  }
  runs.join();
  EXPECT_EQ(keys_of(j).size(), 1200U);
}

TEST_F(reading, does_not_keep_a_run_from_leaving_the_whole_in_one_file) {
  record(10);
  std::optional<journal<>> j(std::in_place, file_, parwork::journal_options<>{.fingerprint = "v1"});
  (void)parwork::process(*j, std::views::iota(0, 600), [](int i) { return i; }, [](int) {});
  bool first = true;
  journal_reader{file_}.for_each([&](const journal_record&) {
    if (!std::exchange(first, false)) return;
    j.reset();
    fs::copy_file(file_, folder_ / "copy.db");
  });
  EXPECT_EQ(journal_reader{folder_ / "copy.db"}.size(), 600U);
}

TEST_F(reading, of_a_file_in_which_no_run_has_begun_sees_nothing) {
  fs::create_directories(file_.parent_path());
  EXPECT_THROW(journal_reader{file_}, parwork::journal_unwritable);
  EXPECT_FALSE(fs::exists(file_));
  std::ofstream(file_).flush();
  EXPECT_EQ(journal_reader{file_}.size(), 0U);
  EXPECT_EQ(keys_of(journal_reader{file_}), strings{});
  EXPECT_EQ(parwork::journal_fingerprint(file_), "");
}

TEST_F(reading, of_what_is_no_journal_is_refused) {
  std::ofstream(file_) << std::string(10'000, 'x');
  EXPECT_THROW(journal_reader{file_}, parwork::journal_corrupt);
  EXPECT_THROW(journal_reader{file_.parent_path()}, parwork::journal_unwritable);
}

}  // namespace
