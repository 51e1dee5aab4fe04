// Random programs over split, where no generator is called.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "support/random_play.hpp"

namespace {

using namespace parwork_test;

using split_works = works<work_form::plain, work_form::per_worker, work_form::asynchronous,
                          work_form::batched, work_form::keyed_stages>;

TEST(random_programs, over_split_keep_every_promise) {
  play_random_programs<split_works>(1500, source_form::split, [](stage& on) {
    std::vector<counted> items;
    for (std::uint64_t id = 0; id < on.script().items; ++id) items.emplace_back(id);
    auto generator = parwork::split(items);
    play<split_works>(on, generator);
  });
}

}  // namespace
