// Parts of runs that several tests of reports have.
#pragma once

#include <parwork/parwork.hpp>

namespace parwork_test {

inline auto twice() {
  return [](int item) { return 2 * item; };
}

inline auto ignore() {
  return [](int) {};
}

inline auto adding() {
  return parwork::reduce(
      0L, [](long& sum, int one) { sum += one; }, [](long& sum, long other) { sum += other; });
}

}  // namespace parwork_test
