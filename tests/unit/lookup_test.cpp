// A user's functions that are called like the library's: lookup by the arguments' namespace does
// not find `results` and `start`, whose templates would take anything.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "parwork/parwork.hpp"

namespace {

namespace somebody {

struct report {};
int results(const parwork::summary&, const report&) { return 1; }
int start(const parwork::options&, int, int) { return 2; }

int call_them() {
  parwork::summary counts;
  report about;
  parwork::options chosen;
  return results(counts, about) + start(chosen, 1, 2);
}

}  // namespace somebody

int twice(int item) { return 2 * item; }

TEST(lookup, prefers_a_users_function) { EXPECT_EQ(somebody::call_them(), 3); }

TEST(lookup, finds_the_librarys_by_using) {
  using namespace parwork;
  std::vector<int> items = {1, 2, 3};
  int sum = 0;
  for (const auto& done : results(items, twice)) sum += done.result.value();
  auto run = start(std::ref(items), twice, [&](int result) { sum += result; });
  EXPECT_EQ(run.wait().succeeded, 3U);
  EXPECT_EQ(sum, 24);
}

}  // namespace
