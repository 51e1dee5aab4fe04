// Random programs over generators that weigh items, and look ahead.
#include <gtest/gtest.h>

#include "support/random_play.hpp"

namespace {

using namespace parwork_test;

using weighed_works =
    works<work_form::plain, work_form::asynchronous, work_form::batched, work_form::keyed>;
using prioritized_works = works<work_form::plain, work_form::batched, work_form::keyed>;

TEST(random_programs, over_weighed_items_keep_every_promise) {
  play_random_programs<weighed_works>(1500, source_form::weighed, [](stage& on) {
    play<weighed_works>(on, parwork::weighed([&] { return on.next(); },
                                             [&](const counted& item) { return on.weight(item); }));
  });
}

TEST(random_programs, over_prioritized_items_keep_every_promise) {
  play_random_programs<prioritized_works>(1000, source_form::prioritized, [](stage& on) {
    auto ahead = parwork::prioritized([&] { return on.next(); },
                                      [&](const counted& item) { return on.priority(item); },
                                      on.script().ahead);
    play<prioritized_works>(
        on, parwork::weighed(ahead, [&](const counted& item) { return on.weight(item); }));
  });
}

}  // namespace
