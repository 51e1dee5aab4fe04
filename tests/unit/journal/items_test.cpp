// Items that are not simply values, with a journal: filled in place, and references to elements.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <ranges>
#include <sstream>
#include <string>
#include <vector>

#include "unit/journal/journalled_run.hpp"

namespace {

using parwork::completion;
using parwork::ordering;
using parwork::refs;
using parwork::split;

TEST(JournalItems, ThatWereFilledAreNotWorkedOnAgain) {
  const temporary_folder folder;
  const auto read = [&](const std::string& text) {
    parwork::journal j{folder / "db"};
    std::istringstream input(text);
    journal_test::strings collected;
    std::atomic<int> worked = 0;
    const auto run = parwork::process(j, parwork::lines(input),
                                      [&](const std::string& line) {
                                        ++worked;
                                        return journal_test::shout(line);
                                      },
                                      parwork::into(collected), {.order = ordering::input});
    EXPECT_EQ(run.succeeded, collected.size());
    EXPECT_EQ(collected.back(), "three!");
    return worked.load();
  };
  EXPECT_EQ(read("one\nthree"), 2);
  EXPECT_EQ(read("one\ntwo\nthree"), 1);
}

struct job {
  std::string name;
  int worked = 0;
};

TEST(JournalItems, ThatAreElementsAreNotWorkedOnAgain) {
  const temporary_folder folder;
  std::vector<job> jobs{{"one"}, {"two"}, {"three"}};
  const auto work = [](job& item) { return ++item.worked; };
  const auto run = [&](auto&& generator) {
    parwork::journal j{folder / "db", {.key = [](const job& item) { return item.name; }}};
    const auto summary = parwork::process(j, generator, work,
                                          [&](const completion<job&, int>& done) {
                                            EXPECT_EQ(&done.item, &jobs[done.index]);
                                            EXPECT_EQ(*done.result, 1);
                                          },
                                          {.order = ordering::input});
    EXPECT_EQ(summary.succeeded, jobs.size());
  };
  run(refs(jobs));
  jobs.push_back({"four"});
  run(refs(jobs));
  jobs.push_back({"five"});
  run(split(refs(jobs)));
  for (const job& each : jobs) EXPECT_EQ(each.worked, 1) << each.name;
}

TEST(JournalItems, MayHaveWeights) {
  const temporary_folder folder;
  const auto run = [&](int items) {
    parwork::journal j{folder / "db"};
    std::atomic<int> worked = 0;
    int collected = 0;
    const auto summary = parwork::process(
        j, parwork::weighed(std::views::iota(0, items), [](int i) { return std::size_t(i % 10); }),
        [&](int item) {
          ++worked;
          return item;
        },
        [&](const completion<int, int>& done) {
          EXPECT_EQ(done.item, *done.result);
          ++collected;
        },
        {.workers = 2, .memory = 12, .order = ordering::input});
    EXPECT_EQ(collected, items);
    EXPECT_LE(summary.peak_memory, 12U);
    EXPECT_GE(summary.peak_memory, 9U);
    return worked.load();
  };
  EXPECT_EQ(run(100), 100);
  EXPECT_EQ(run(150), 50);
}

}  // namespace
