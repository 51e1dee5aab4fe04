// Random programs over split, where no generator is called.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "support/random_run.hpp"

namespace {

using namespace parwork_test;

TEST(random_programs, over_split_keep_every_promise) {
  play_random_programs(1500, taking::by_sight, [](stage& on) {
    std::vector<counted> items;
    for (std::uint64_t id = 0; id < on.script().items; ++id) items.emplace_back(id);
    auto generator = parwork::split(items);
    play(on, generator);
  });
}

}  // namespace
