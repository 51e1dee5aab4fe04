// Random programs over a coroutine generator.
#include <gtest/gtest.h>

#include <utility>

#include "support/coroutine_range.hpp"
#include "support/random_run.hpp"

namespace {

using namespace parwork_test;

coroutine_range<counted> items_of(stage& on) {
  while (auto item = on.next()) co_yield std::move(*item);
}

TEST(random_programs, over_a_coroutine_keep_every_promise) {
  play_random_programs(1500, taking::by_call, [](stage& on) {
    auto range = items_of(on);
    play(on, range);
  });
}

}  // namespace
