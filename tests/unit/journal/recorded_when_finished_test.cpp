// An item is recorded when it is finished: also if input order keeps it from the collector, behind
// a slow one, whatever form work has and whatever came of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <expected>
#include <filesystem>
#include <fstream>
#include <ranges>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/child.hpp"
#include "support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using parwork::completion;
using parwork::failure;
using parwork::failure_kind;
using parwork::journal;
using parwork::journal_record;
using parwork::ordering;

// --- Killed while the first item of the input is under way ---

class slow_first_item : public testing::TestWithParam<const char*> {
 protected:
  static constexpr int items = 60;

  child start(const char* end) const {
    return child({JOURNAL_PROGRAM, "slow_first", folder / "runs.db", folder / end, GetParam(),
                  std::to_string(items), end});
  }
  std::set<int> worked_on(const char* end) const {
    std::ifstream in(folder / end);
    std::set<int> numbers;
    for (int i = 0; in >> i;) numbers.insert(i);
    return numbers;
  }

  temporary_folder folder;
};

TEST_P(slow_first_item, keeps_nothing_behind_it_from_being_recorded) {
  child killed = start("killed");
  EXPECT_EQ(killed.wait(), -SIGKILL);
  EXPECT_EQ(worked_on("killed").size(), static_cast<std::size_t>(items));

  child whole = start("whole");
  EXPECT_EQ(whole.read_all(), "\n");
  EXPECT_EQ(whole.wait(), 0);
  const bool in_spans = GetParam() == std::string("batched");
  const std::set<int> held_up = in_spans ? std::set<int>{0, 1, 2, 3} : std::set<int>{0};
  const std::set<int> again = worked_on("whole");
  EXPECT_TRUE(again.contains(0));
  EXPECT_TRUE(std::ranges::includes(held_up, again)) << "recorded items were worked on again";
}

INSTANTIATE_TEST_SUITE_P(forms, slow_first_item,
                         testing::Values("items", "failures", "retries", "batched", "asynchronous"),
                         [](const auto& about) { return std::string(about.param); });

// --- Near a stop ---

class near_a_stop : public testing::Test {
 protected:
  std::multiset<std::string> recorded_failures() {
    std::multiset<std::string> keys;
    j.for_each([&](const journal_record& r) {
      if (r.failed()) keys.emplace(r.key());
    });
    return keys;
  }

  temporary_folder folder;
  journal<> j{folder / "runs.db"};
  std::stop_source stop;
};

TEST_F(near_a_stop, failure_is_recorded_like_any_other) {
  std::atomic<int> worked = 0;
  const auto s = parwork::process(
      j, std::views::iota(0, 10),
      [&](int) -> std::expected<int, std::string> {
        ++worked;
        stop.request_stop();
        return std::unexpected("no");
      },
      [](const completion<int, int>&) {}, {.workers = 1, .stop = stop.get_token()});
  EXPECT_TRUE(s.stopped);
  EXPECT_GE(worked.load(), 1);
  EXPECT_EQ(recorded_failures().size(), static_cast<std::size_t>(worked.load()));
}

TEST_F(near_a_stop, failures_behind_the_one_that_stops_the_run_are_recorded_too) {
  std::atomic<int> failed = 0;
  const auto s = parwork::process(
      j, std::views::iota(0, 1000),
      [&](int i) -> std::expected<int, std::string> {
        if (i < 100) return i;
        ++failed;
        return std::unexpected("from here on");
      },
      [](const completion<int, int>&) {},
      {.order = ordering::input, .on_failure = parwork::failure_policy::stop});
  EXPECT_TRUE(s.stopped);
  EXPECT_EQ(recorded_failures().size(), static_cast<std::size_t>(failed.load()));
}

TEST_F(near_a_stop, item_that_was_kept_from_its_next_attempt_is_to_be_done) {
  (void)parwork::process(
      j, std::views::iota(0, 1),
      [&](int) -> std::expected<int, std::string> {
        stop.request_stop();
        return std::unexpected("not yet");
      },
      [](const completion<int, int>&) {},
      {.retry = {.max_attempts = 3, .backoff = 1h, .max_backoff = 1h}, .stop = stop.get_token()});
  EXPECT_EQ(j.size(), 0U);
}

TEST_F(near_a_stop, item_that_work_gave_back_as_cancelled_is_to_be_done) {
  (void)parwork::process(
      j, std::views::iota(0, 1),
      [](int) -> std::expected<int, failure> {
        return std::unexpected(failure(failure_kind::cancelled, "not now"));
      },
      [](const completion<int, int>&) {});
  EXPECT_EQ(j.size(), 0U);
}

// --- Before the collector sees it ---

TEST(recorded_outcome, is_there_when_the_collector_sees_it) {
  const temporary_folder folder;
  journal j{folder / "runs.db"};
  std::uint64_t seen = 0;
  (void)parwork::process(
      j, std::views::iota(0, 2000), [](int i) { return i; },
      [&](int) { EXPECT_GE(j.size(), ++seen); }, {.order = ordering::input});
  EXPECT_EQ(j.size(), 2000U);
}

TEST(recorded_outcome, is_folded_by_its_worker) {
  const temporary_folder folder;
  for (int round = 0; round < 2; ++round) {
    journal j{folder / "runs.db"};
    std::atomic<int> worked = 0;
    auto sum =
        parwork::reduce(0L, [](long& a, long r) { a += r; }, [](long& a, long b) { a += b; });
    (void)parwork::process(j, std::views::iota(0, 5000),
                           [&](int i) { return ++worked, static_cast<long>(i); }, sum,
                           {.workers = 4});
    EXPECT_EQ(sum.value(), 12'497'500L);
    EXPECT_EQ(worked.load(), round == 0 ? 5000 : 0);
    EXPECT_EQ(j.size(), 5000U);
  }
}

}  // namespace
