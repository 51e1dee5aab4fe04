// What is settled about a run before it begins, and never changes.
#pragma once

#include "parwork/options.hpp"

namespace parwork::detail {

struct run_shape {
  unsigned workers = 1;        // what batches and slices are sized for
  bool is_split = false;       // the generator is a split range: workers claim slices of it
  bool is_straight = false;    // and read, work on and fold them in one go
  bool is_ordered = false;     // the collector is called in the order of the input
  bool folds = false;          // there is no collector function: workers fold
  bool keeps_batches = false;  // asynchronous spans: a batch lives as long as its span
  unsigned further = 0;        // workers that may come beyond those, where the run is controlled
  // Whose thread calls each part.
  runs_on generator_thread = runs_on::workers;
  runs_on collector_thread = runs_on::workers;

  // The most workers it may ever have.
  [[nodiscard]] unsigned most() const noexcept { return workers + further; }

  // The numbers behind the workers': a part's own thread, and nobody's, whose items are spawned by
  // threads that are no workers.
  [[nodiscard]] unsigned generator_number() const noexcept { return most(); }
  [[nodiscard]] unsigned collector_number() const noexcept { return most() + 1; }
  [[nodiscard]] unsigned outside_number() const noexcept { return most() + 2; }
  [[nodiscard]] unsigned numbers() const noexcept { return most() + numbers_beyond_workers; }
};

}  // namespace parwork::detail
