// One job: what the generator yields, and what becomes of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "input/block_source.hpp"
#include "jobs/outcome.hpp"

namespace cli {

/// An item on its way to a command.
struct job {
  std::uint64_t sequence = 0;                // from 1
  std::vector<std::string> items;            // one, or with -n up to as many; of a block its name
  std::vector<std::string> columns;          // of {1} {2} ...
  std::shared_ptr<const input_block> block;  // for its standard input, until it is over
  std::string block_key;                     // what a journal knows the block by
  bool whole = true;                         // false: too long to be kept whole
  bool submitted = false;                    // work has seen it: it does not come from a journal
  std::uint64_t end = 0;  // which of the ends of jobs this was; 0: none, or one whose
                          // job may be tried again
  bool is_over = false;   // its last attempt was not to be repeated

  /// Of the last attempt, where that failed. A success is the run's result instead.
  std::optional<outcome> failed;

  /// The items, with spaces between: what people know the job by.
  [[nodiscard]] std::string name() const {
    std::string all;
    for (const std::string& item : items) {
      if (&item != &items.front()) all += ' ';
      all += item;
    }
    return all;
  }
};

}  // namespace cli
