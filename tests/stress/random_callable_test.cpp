// Random programs over a callable generator.
#include <gtest/gtest.h>

#include "support/random_play.hpp"

namespace {

using namespace parwork_test;

using called_works =
    works<work_form::plain, work_form::per_worker, work_form::asynchronous, work_form::batched,
          work_form::limited, work_form::staged, work_form::keyed, work_form::keyed_asynchronous,
          work_form::keyed_stages>;

TEST(random_programs, over_a_callable_keep_every_promise) {
  play_random_programs<called_works>(4000, source_form::callable, [](stage& on) {
    play<called_works>(on, [&] { return on.next(); });
  });
}

}  // namespace
