// How an example that has told its results ends: with the summary, and a status that says what it
// came to.
#pragma once

#include <iostream>
#include <parwork/summary.hpp>

#include "program.hpp"

namespace examples {

/// Flushes standard output, prints the summary on standard error. Throws as `flush_output`.
inline int end_with(const parwork::summary& summary) {
  flush_output();
  std::cerr << summary << '\n';
  if (summary.stopped) return interrupted;
  return summary.failed == 0 ? all_done : some_failed;
}

}  // namespace examples
