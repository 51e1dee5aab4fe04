// Journalled runs of work whose items wait for each other: keyed, stages, limited.
#include <gtest/gtest.h>

#include <expected>
#include <map>
#include <mutex>
#include <ranges>
#include <set>
#include <stdexcept>
#include <string>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/temporary_folder.hpp"

namespace {

using parwork::completion;
using parwork::journal;
using parwork::ordering;

constexpr int waiting_items = 60;

class journalled_waiting_work : public testing::TestWithParam<ordering> {
 protected:
  // What each item came to, and which were worked on.
  struct came_to {
    std::map<int, std::string> results;
    std::map<int, unsigned> failed_stages;
    std::set<int> worked;
  };

  template <class MakeWork>
  came_to run(MakeWork make_work) {
    came_to all;
    std::mutex lock;
    const auto note = [&](int item) {
      const std::lock_guard guard(lock);
      all.worked.insert(item);
      return item;
    };
    journal runs{folder / "runs.db"};
    const auto collect = [&](const completion<int, std::string>& done) {
      if (done.result) {
        all.results[done.item] = *done.result;
      } else {
        all.failed_stages[done.item] = done.result.error().stage().value_or(99);
      }
    };
    static_cast<void>(parwork::process(runs, std::views::iota(0, waiting_items), make_work(note),
                                       collect, {.workers = 4, .order = GetParam()}));
    return all;
  }

  temporary_folder folder;
};

INSTANTIATE_TEST_SUITE_P(all, journalled_waiting_work,
                         testing::Values(ordering::completion, ordering::input),
                         [](const auto& info) {
                           return info.param == ordering::input ? "input" : "completion";
                         });

TEST_P(journalled_waiting_work, keyed_items_are_recorded_and_come_back) {
  const auto make_work = [](auto note) {
    return parwork::keyed([note](int item) { return std::to_string(note(item)); },
                          [](int item) { return item % 3; });
  };
  const auto first = run(make_work);
  EXPECT_EQ(first.worked.size(), waiting_items);
  const auto second = run(make_work);
  EXPECT_TRUE(second.worked.empty());
  EXPECT_EQ(second.results, first.results);
}

TEST_P(journalled_waiting_work, a_stage_that_failed_comes_back_with_its_failure) {
  const auto make_work = [](auto note) {
    const auto odd = [note](int item) {
      if (note(item) % 2 == 1) throw std::runtime_error("odd");
      return item;
    };
    const auto large = [](int item) -> std::expected<std::string, std::string> {
      if (item >= 30) return std::unexpected("large");
      return std::to_string(item);
    };
    return parwork::stages(odd, parwork::limited(large, 1));
  };
  const auto first = run(make_work);
  EXPECT_EQ(first.worked.size(), waiting_items);
  EXPECT_EQ(first.results.size(), 15U);
  const auto second = run(make_work);
  EXPECT_TRUE(second.worked.empty());
  EXPECT_EQ(second.results, first.results);
  EXPECT_EQ(second.failed_stages, first.failed_stages);
  EXPECT_EQ(second.failed_stages.at(1), 0U);
  EXPECT_EQ(second.failed_stages.at(58), 1U);
}

}  // namespace
