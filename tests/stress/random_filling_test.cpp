// Random programs over a generator that fills.
#include <gtest/gtest.h>

#include "support/random_play.hpp"

namespace {

using namespace parwork_test;

using filling_works =
    works<work_form::plain, work_form::asynchronous, work_form::batched, work_form::keyed>;

TEST(random_programs, over_a_generator_that_fills_keep_every_promise) {
  play_random_programs<filling_works>(1500, source_form::filling, [](stage& on) {
    play<filling_works>(on, [&](counted& slot) { return on.fill(slot); });
  });
}

}  // namespace
