// Random programs over a callable generator.
#include <gtest/gtest.h>

#include "support/random_run.hpp"

namespace {

using namespace parwork_test;

TEST(random_programs, over_a_callable_keep_every_promise) {
  play_random_programs(1500, taking::by_call,
                       [](stage& on) { play(on, [&] { return on.next(); }); });
}

}  // namespace
