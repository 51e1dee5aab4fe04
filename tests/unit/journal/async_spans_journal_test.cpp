// A journal and asynchronous spans: what was recorded never reaches work again, and an end by a
// completer keeps what was finished before.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <expected>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/elsewhere.hpp"
#include "support/temporary_folder.hpp"

namespace {

using parwork::batch_completer;
using parwork::batched;
using parwork::completion;
using parwork::failure;
using parwork::failure_kind;
using parwork::journal;
using parwork::ordering;
using parwork_test::elsewhere;

constexpr int squared_items = 2000;

class async_spans_journal : public testing::TestWithParam<ordering> {
 protected:
  // Squares, on other threads; `broken_at` ends the run.
  parwork::summary run(int broken_at) {
    journal<> j{folder / "runs.db"};
    elsewhere other(2);
    const auto square = [&](std::span<int> items, batch_completer<int> done) {
      other.post([&, items, done = std::move(done)]() mutable {
        std::vector<std::expected<int, failure>> outcomes;
        if (is_broken) return;  // abandoned
        for (const int item : items) {
          if (item == broken_at) {
            done.end_run(std::make_exception_ptr(std::runtime_error("broken")));
            is_broken = true;
            return;
          }
          {
            const std::lock_guard guard(lock);
            worked_on.insert(item);
          }
          if (item % 10 == 3) {
            outcomes.emplace_back(std::unexpect, failure_kind::error, "three");
          } else {
            outcomes.emplace_back(item * item);
          }
        }
        done.finish(std::move(outcomes));
      });
    };
    is_broken = false;
    collected.clear();
    return parwork::process(j, std::views::iota(0, squared_items), batched(square, 16),
                            [&](const completion<int, int>& one) {
                              collected.insert(one.item);
                              EXPECT_EQ(one.result.has_value(), one.item % 10 != 3);
                              if (one.result) {
                                EXPECT_EQ(*one.result, one.item * one.item);
                              }
                            },
                            {.workers = 2, .queue = 300, .order = GetParam()});
  }

  temporary_folder folder;
  std::atomic<bool> is_broken = false;
  std::mutex lock;
  std::multiset<int> worked_on;
  std::multiset<int> collected;
};

TEST_P(async_spans_journal, goes_on_where_a_completer_ended_the_run) {
  EXPECT_THROW((void)run(1000), std::runtime_error);
  const std::set<int> collected_first(collected.begin(), collected.end());
  const auto s = run(-1);
  EXPECT_EQ(s.produced, static_cast<unsigned>(squared_items));
  EXPECT_EQ(s.failed, squared_items / 10U);
  EXPECT_EQ(collected.size(), static_cast<std::size_t>(squared_items));
  for (int i = 0; i < squared_items; ++i) {
    EXPECT_EQ(collected.count(i), 1U) << i;
    if (collected_first.contains(i)) {
      EXPECT_EQ(worked_on.count(i), 1U) << i << " had been recorded";
    }
  }
}

TEST_P(async_spans_journal, that_is_whole_gives_work_nothing) {
  static_cast<void>(run(-1));
  worked_on.clear();
  const auto s = run(-1);
  EXPECT_EQ(s.produced, static_cast<unsigned>(squared_items));
  EXPECT_TRUE(worked_on.empty());
  EXPECT_EQ(collected.size(), static_cast<std::size_t>(squared_items));
}

INSTANTIATE_TEST_SUITE_P(orders, async_spans_journal,
                         testing::Values(ordering::completion, ordering::input),
                         [](const auto& about) {
                           return std::string(about.param == ordering::input ? "input"
                                                                             : "completion");
                         });

}  // namespace
