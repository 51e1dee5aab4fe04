// What held a run back, and what to change about it: computed from what was measured.
//
// Thread safety: reads a recording whose run is over.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "recording/recording.hpp"

namespace parwork::detail {

struct advice {
  std::string what;  // "Use more workers"
  std::string why;
};

struct verdict {
  std::string bound = {};     // generator, work, collector, balanced; outstanding; nothing
  std::string headline = {};  // one sentence: what it was
  std::string detail = {};    // what would be gained, and what limits that
  std::optional<double> best_factor = {};  // how much faster it could at best get
  std::vector<advice> advices = {};        // the most useful first
  bool is_blamed = false;                  // the headline names a cause that is no part
};

[[nodiscard]] verdict judge(const recording& run);

// As one paragraph.
[[nodiscard]] std::string in_words(const verdict& its);

}  // namespace parwork::detail
