// A job on its way to another machine, and what it came to there: what submitter and worker say to
// each other, as bytes.
//
// Thread safety: values. Received ones are checked: a job that is none is refused by codec_error.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_end.hpp"
#include "jobs/job_reach.hpp"
#include "parwork/codec.hpp"

namespace cli {

/// Where the worker's slot stands in an argument.
struct slot_place {
  std::uint32_t argument = 0;
  std::uint32_t offset = 0;  // of a digit, which the slot replaces
};

/// One attempt. Equal attempts of a run and of its resumption have equal bytes: by these a
/// submitter that comes back finds what workers have kept for it.
struct remote_job {
  std::uint64_t sequence = 0;          // PARWORK_SEQ
  unsigned attempt = 1;                // PARWORK_ATTEMPT
  std::uint64_t run = 0;               // PARWORK_RUN
  std::vector<std::string> arguments;  // expanded, but for the slot
  std::vector<slot_place> slots;
  std::string folder;  // where it runs; empty: the worker's own
  bool has_input = false;
  std::string input;  // for its standard input
  std::chrono::nanoseconds timeout{0};
  std::chrono::nanoseconds grace{0};
  job_reach reach = job_reach::tree;
  std::uint32_t items = 1;         // for messages
  std::uint32_t move = 0;          // how often it has been refused by a worker
  bool starts_one_program = true;  // as all jobs of its run do

  /// The arguments on a worker's slot.
  [[nodiscard]] std::vector<std::string> arguments_for(unsigned slot) const;
};

/// How much a job may write, on both streams together: what a message can have, and some room.
inline constexpr std::uint64_t most_remote_output = (std::uint64_t{64} << 20) - 65536;

/// What an attempt came to.
struct remote_outcome : job_end {
  bool not_here = false;  // the worker has no such program, or folder: another one may
  std::string worker;     // host and process: who refuses
  std::string out, err;
};

}  // namespace cli

template <>
struct parwork::codec<cli::remote_job> {
  static constexpr std::string_view id = "parwork-job-1";
  static void encode(const cli::remote_job& value, std::string& into);
  static cli::remote_job decode(std::string_view& from);
};

template <>
struct parwork::codec<cli::remote_outcome> {
  static constexpr std::string_view id = "parwork-outcome-1";
  static void encode(const cli::remote_outcome& value, std::string& into);
  static cli::remote_outcome decode(std::string_view& from);
};
