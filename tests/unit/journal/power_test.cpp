// The power goes at every sync of a short run: what had been committed is there afterwards, and the
// run goes on.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/faulty_vfs.hpp"
#include "support/temporary_folder.hpp"
#include "unit/journal/sample_run.hpp"

namespace {

using parwork::journal;

constexpr int items = 40;

struct loss {
  faulty_vfs::disk_image left;
  std::size_t committed;  // items, when the power went
};

void run(journal<>& j, std::atomic<std::size_t>& committed) {
  std::size_t collected = 0;
  (void)parwork::process(j, sample_items(items), sample_work,
                         [&](const parwork::completion<std::string, std::string>&) {
                           if (++collected % 5 != 0) return;
                           j.commit();
                           committed = collected;
                         },
                         {.workers = 1, .order = parwork::ordering::input});
}

std::vector<loss> losses_of_a_run(parwork::durability how, unsigned seed) {
  const temporary_folder folder;
  std::vector<loss> losses;
  std::atomic<std::size_t> committed = 0;
  faulty_vfs::install();
  faulty_vfs::watch_power(
      [&](std::vector<faulty_vfs::disk_image> possible) {
        for (auto& each : possible) losses.push_back({std::move(each), committed});
      },
      seed);
  {
    journal j{folder / "runs.db", {.commit_records = 4, .durability = how}};
    run(j, committed);
  }
  faulty_vfs::watch_power({});
  return losses;
}

// How many of those that were committed are not there. The run that follows is complete.
std::size_t missing_after(const loss& after) {
  const temporary_folder folder;
  for (const auto& [name, bytes] : after.left) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  }
  journal j{folder / "runs.db"};
  std::multiset<std::string> found;
  j.for_each([&](const parwork::journal_record& r) { found.emplace(r.key()); });
  std::size_t missing = 0;
  const auto all = sample_items(items);
  for (std::size_t i = 0; i < after.committed; ++i) {
    const auto at = found.find(all[i]);
    if (at == found.end()) {
      ++missing;
    } else {
      found.erase(at);
    }
  }
  std::atomic<std::size_t> ignored = 0;
  run(j, ignored);
  EXPECT_EQ(j.size(), static_cast<std::size_t>(items));
  return missing;
}

TEST(journal_power, loss_at_any_sync_loses_nothing_that_was_committed) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto losses = losses_of_a_run(parwork::durability::full, seed);
  EXPECT_GT(losses.size(), 50U);
  for (std::size_t i = 0; i < losses.size() && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("loss " + std::to_string(i));
    EXPECT_EQ(missing_after(losses[i]), 0U);
  }
}

// That the disk forgets shows where nothing is synced.
TEST(journal_power, loss_costs_what_is_not_synced_and_never_the_file) {
  std::size_t missing = 0;
  for (const auto& each : losses_of_a_run(parwork::durability::process, 1)) {
    missing += missing_after(each);
  }
  EXPECT_GT(missing, 0U);
}

}  // namespace
