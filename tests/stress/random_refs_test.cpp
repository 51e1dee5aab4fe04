// Random programs over the elements of a range, where they are.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "support/random_play.hpp"

namespace {

using namespace parwork_test;

using refs_works = works<work_form::plain, work_form::keyed_asynchronous>;
using split_refs_works = works<work_form::plain, work_form::staged>;

std::vector<counted> elements_of(const stage& on) {
  std::vector<counted> items;
  for (std::uint64_t id = 0; id < on.script().items; ++id) items.emplace_back(id);
  return items;
}

TEST(random_programs, over_refs_keep_every_promise) {
  play_random_programs<refs_works>(500, source_form::refs, [](stage& on) {
    auto items = elements_of(on);
    play<refs_works>(on, parwork::refs(items));
  });
}

TEST(random_programs, over_split_refs_keep_every_promise) {
  play_random_programs<split_refs_works>(500, source_form::split_refs, [](stage& on) {
    auto items = elements_of(on);
    play<split_refs_works>(on, parwork::split(parwork::refs(items)));
  });
}

}  // namespace
