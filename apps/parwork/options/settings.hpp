// What the command line asks for, checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/halt.hpp"
#include "output/job_output.hpp"

namespace cli {

enum class progress_mode : std::uint8_t { automatic, on, off };

/// Where a run's items come from.
struct input_settings {
  std::optional<std::vector<std::string>> arguments;  // of :::
  std::string file;                                   // empty: standard input
  std::uint64_t begin = 0;  // of a resumed run: where in the file, in bytes
  std::string delimiter = "\n";
  std::uint64_t items_per_job = 1;
  std::string columns;  // what separates them; empty: none
  bool skip_blank = false;
};

/// The command line: what the run was called with, options apart from the rest.
struct called_words {
  std::vector<std::string> options;
  std::vector<std::string> others;
  bool needs_run_word = false;                 // the command bears a subcommand's name
  std::vector<std::string> options_for_again;  // for the same command with other items
};

/// What `parwork run` is asked for. Times are at least 0.
struct run_settings {
  input_settings input;
  unsigned workers = 1;
  std::vector<std::string> command;  // or
  std::string shell;                 // a string for sh -c
  output_mode output = output_mode::group;
  output_order order = output_order::completion;
  bool tag = false;
  std::uint64_t buffer = std::uint64_t{64} * 1024 * 1024;  // bytes
  std::uint64_t ahead = 0;                                 // items in flight, at least 1
  std::optional<halt_policy> halt;
  unsigned retries = 0;
  std::chrono::nanoseconds retry_delay{0};
  std::chrono::nanoseconds timeout{0};  // 0: none
  std::chrono::nanoseconds grace{0};
  std::string journal;  // empty: none
  bool resume = false;
  bool retry_failed = false;
  std::string log;     // empty: none
  std::string report;  // empty: none
  progress_mode progress = progress_mode::automatic;
  bool quiet = false;
  bool verbose = false;
  bool dry_run = false;

  called_words called;
};

}  // namespace cli
