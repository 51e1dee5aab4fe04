// Random programs over a coroutine generator.
#include <gtest/gtest.h>

#include <utility>

#include "support/coroutine_range.hpp"
#include "support/random_play.hpp"

namespace {

using namespace parwork_test;

using range_works =
    works<work_form::plain, work_form::per_worker, work_form::asynchronous, work_form::batched>;

coroutine_range<counted> items_of(stage& on) {
  while (auto item = on.next()) co_yield std::move(*item);
}

TEST(random_programs, over_a_coroutine_keep_every_promise) {
  play_random_programs<range_works>(1500, source_form::coroutine, [](stage& on) {
    auto range = items_of(on);
    play<range_works>(on, range);
  });
}

}  // namespace
