// Short runs whose n-th allocation fails, for every n.
//
// Each run ends: by a summary that counts every item, or by std::bad_alloc. Every item is handed
// over or destroyed, nothing leaks (AddressSanitizer sees), and the pool can be used again.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <string>

#include "parwork/parwork.hpp"
#include "support/counted.hpp"
#include "support/failing_new.hpp"
#include "support/runs.hpp"

namespace parwork_test::failing_runs {

inline constexpr std::uint64_t items = 6;

struct outcome {
  parwork::summary run = {};
  std::uint64_t collected = 0;
};
using short_run = std::function<void(outcome&, parwork::pool&)>;

inline parwork::options on(parwork::pool& pool,
                           parwork::ordering order = parwork::ordering::completion) {
  parwork::options options;
  options.workers = 2;
  options.order = order;
  options.run_on = &pool;
  return options;
}

// The generator and the parts below allocate nothing themselves.
struct some_items {
  std::uint64_t next = 0;
  std::optional<counted> operator()() {
    if (next == items) return std::nullopt;
    return counted(next++);
  }
};

// Whether an allocation failed: the run has at least n.
inline bool run_without(const short_run& what, std::uint64_t n, failing how) {
  SCOPED_TRACE("allocation " + std::to_string(n) + (how == failing::once ? "" : " and all behind"));
  outcome came;
  bool returned = false;
  bool failed = false;
  {
    parwork::pool pool(2);
    fail_allocation(n, how);
    try {
      what(came, pool);
      returned = true;
      failed = stop_failing();
    } catch (const std::bad_alloc&) {
      failed = stop_failing();
    } catch (const parwork::item_failed&) {  // how a collector of results hears of a failure
      failed = stop_failing();
    }
    // Its threads, timers and lists are as good as new.
    const auto again =
        parwork::process(numbers(20), [](int) {}, [](parwork::completion<int, void>) {}, on(pool));
    EXPECT_EQ(again.succeeded, 20U);
  }
  if (returned) {
    EXPECT_EQ(came.run.produced, came.run.succeeded + came.run.failed + came.run.cancelled);
    EXPECT_EQ(came.collected, came.run.produced);
  }
  EXPECT_EQ(counted::live(), 0);
  return failed;
}

inline void fail_each(const short_run& what) {
  for (const failing how : {failing::once, failing::for_good}) {
    std::uint64_t n = 1;
    while (run_without(what, n, how) && !testing::Test::HasFailure()) ++n;
    EXPECT_GT(n, 1U) << "it allocates nothing";
  }
}

inline auto count_into(outcome& out) {
  return [&out](parwork::completion<counted, int>) { ++out.collected; };
}
inline int plain_work(const counted&) { return 1; }

}  // namespace parwork_test::failing_runs
