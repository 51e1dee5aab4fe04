// What became of one attempt of a job: its status, and its output as far as it was not shown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "jobs/job_end.hpp"
#include "output/held_output.hpp"
#include "parwork/codec.hpp"

namespace cli {

struct outcome : job_end {
  unsigned attempt = 0;         // from 1
  std::uint64_t run = 0;        // which run made it: PARWORK_RUN
  std::uint64_t sequence = 0;   // in that run, from 1
  std::uint64_t out_bytes = 0;  // what it wrote, also what was shown while it ran
  std::uint64_t err_bytes = 0;
  held_output out = {};
  held_output err = {};

  /// Lets output be read that came from a journal.
  void attach(output_store& store) noexcept {
    out.attach(store);
    err.attach(store);
  }
};

}  // namespace cli

/// How a journal keeps outcomes, output included: large output in the file beside it, where the
/// store of the output has one. Output of such a record has to be attached to that store.
template <>
struct parwork::codec<cli::outcome> {
  static void encode(const cli::outcome& value, std::string& into);
  static cli::outcome decode(std::string_view& from);
};
