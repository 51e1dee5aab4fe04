// Who may have a journal open: one process, whatever name it uses, and no child of a fork.
#include "journal/file_lock.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/child.hpp"
#include "support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using parwork::journal;

class journal_lock : public testing::Test {
 protected:
  temporary_folder folder_;
  const fs::path file_ = folder_ / "runs.db";
};

// --- Names ---

TEST_F(journal_lock, hard_link_to_an_open_journal_is_refused_with_the_other_name) {
  journal j{file_};
  const fs::path link = folder_ / "link.db";
  fs::create_hard_link(file_, link);
  for (int round = 0; round < 2; ++round) {
    try {
      journal second{link};
      FAIL();
    } catch (const parwork::journal_busy& busy) {
      EXPECT_EQ(busy.pid(), ::getpid());
      EXPECT_NE(std::string(busy.what()).find(file_.string()), std::string::npos) << busy.what();
    }
  }
  EXPECT_FALSE(fs::exists(link.string() + "-lock"));
  // And it does the first one no harm.
  (void)parwork::process(j, std::vector<int>{1}, [](int i) { return i; }, [](int) {});
  EXPECT_EQ(j.size(), 1U);
}

TEST_F(journal_lock, hard_link_to_a_journal_of_another_process_is_refused_with_its_pid) {
  child holder({JOURNAL_PROGRAM, "hold", file_});
  ASSERT_EQ(holder.read_line(), "held");
  const fs::path link = folder_ / "link.db";
  fs::create_hard_link(file_, link);
  try {
    journal second{link};
    FAIL();
  } catch (const parwork::journal_busy& busy) {
    EXPECT_EQ(busy.pid(), holder.pid());
    EXPECT_NE(std::string(busy.what()).find("hard link"), std::string::npos) << busy.what();
  }
  holder.kill();
  EXPECT_EQ(journal{link}.size(), 0U);
}

TEST_F(journal_lock, lock_file_that_is_removed_lets_nobody_in) {
  journal j{file_};
  fs::remove(file_.string() + "-lock");
  EXPECT_THROW(journal{file_}, parwork::journal_busy);
}

// --- Forks ---

// A child of a fork that lives until it is told to end.
class forked {
 public:
  // `run` gives the exit status.
  explicit forked(const std::function<int()>& run) {
    if (::pipe(ends_) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::close(ends_[1]);
    int status = 99;
    try {
      status = run();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
    }
    char end;
    (void)!::read(ends_[0], &end, 1);
    ::_exit(status);
  }
  ~forked() {
    if (pid_ > 0) end();
  }
  forked(const forked&) = delete;
  forked& operator=(const forked&) = delete;

  int end() {
    ::close(ends_[1]);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ::close(ends_[0]);
    pid_ = 0;
    return status;
  }

 private:
  int ends_[2];
  pid_t pid_;
};

template <class Call>
bool is_busy(Call&& call) {
  try {
    call();
  } catch (const parwork::journal_busy&) {
    return true;
  }
  return false;
}

TEST_F(journal_lock, child_of_a_fork_does_not_keep_the_journal) {
  std::optional<journal<>> j(std::in_place, file_);
  forked child([] { return 0; });
  EXPECT_THROW(journal{file_}, parwork::journal_busy);
  j.reset();
  EXPECT_EQ(journal{file_}.size(), 0U);
  EXPECT_EQ(child.end(), 0);
}

TEST_F(journal_lock, child_of_a_fork_that_outlives_its_parent_does_not_keep_the_journal) {
  child holder({JOURNAL_PROGRAM, "hold_and_fork", file_});
  ASSERT_EQ(holder.read_line(), "held");
  EXPECT_EQ(holder.kill(), -SIGKILL);
  EXPECT_EQ(journal{file_}.size(),
            0U);  // the grandchild lives as long as the pipe that it writes to
}

TEST_F(journal_lock, child_of_a_fork_is_refused_whatever_it_asks_and_harms_nothing) {
  journal j{file_};
  const auto ones = std::vector<int>{1, 2, 3};
  (void)parwork::process(j, ones, [](int i) { return i; }, [](int) {});
  forked child([&] {
    auto* const mine = new journal<>(folder_ / "other.db");  // one of its own it may have
    const std::vector<std::function<void()>> uses{
        [&] { (void)j.size(); },
        [&] { j.commit(); },
        [&] { j.compact(); },
        [&] { (void)j.forget(1); },
        [&] { j.for_each([](const parwork::journal_record&) {}); },
        [&] { (void)parwork::process(j, ones, [](int i) { return i; }, [](int) {}); },
        [&] { journal again{file_}; }};
    int wrong = 0;
    for (const auto& use : uses) wrong = 2 * wrong + (is_busy(use) ? 0 : 1);
    delete mine;
    j.~journal();  // as where the child returns from the function that has it
    return wrong;
  });
  EXPECT_EQ(child.end(), 0);
  EXPECT_EQ(j.size(), 3U);
  EXPECT_TRUE(fs::exists(file_.string() + "-lock"));
  (void)parwork::process(j, std::vector<int>{4}, [](int i) { return i; }, [](int) {});
  EXPECT_EQ(j.size(), 4U);
}

TEST_F(journal_lock, fork_during_a_run_does_the_run_no_harm) {
  journal j{file_, {.commit_every = std::chrono::milliseconds(0), .commit_records = 4}};
  std::vector<int> items(300);
  for (int i = 0; i < 300; ++i) items[static_cast<std::size_t>(i)] = i;
  std::atomic<int> failed = 0;
  (void)parwork::process(
      j, items,
      [&](int i) {
        if (i % 10 != 0) return i;
        const pid_t pid = ::fork();
        if (pid == 0) ::_exit(is_busy([&] { (void)j.size(); }) ? 0 : 1);
        int status = 0;
        ::waitpid(pid, &status, 0);
        failed += status != 0;
        return i;
      },
      [](int) {}, {.workers = 2});
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(j.size(), 300U);
}

}  // namespace
