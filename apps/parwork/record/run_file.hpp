// FILE-run beside a journal: what the journal of results cannot know. JSON lines, appended: each
// run's command line, folder and input, whether a pipe is all in its copy, and what was shown.
//
// Invariants:
// 1. A line is written before what it announces is shown: after a crash only the last announced
//    output may be shown in part, or not at all.
// 2. A last line that was not finished counts as not written.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jobs/job_division.hpp"
#include "jobs/outcome.hpp"
#include "record/announced_output.hpp"
#include "support/descriptor.hpp"

namespace cli {

/// How a run was called.
struct run_record {
  std::vector<std::string> option_words;
  std::vector<std::string> other_words;
  std::string folder;
  std::string input_file;         // what it read, where that has a name
  bool from_stream = false;       // a pipe or a terminal: copied to FILE-input
  std::uint64_t input_begin = 0;  // where in the input file the run began to read: bytes
  job_division division = {};     // of its items, where jobs may have several
};

/// Numbers of a run's jobs whose output has been shown.
class shown_set {
 public:
  void add(std::uint64_t number);
  [[nodiscard]] bool contains(std::uint64_t number) const;

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // first -> last, apart from each other
};

/// What an earlier run has left. Reading costs time and memory by its length.
struct earlier_runs {
  std::optional<run_record> first;  // how the run was called at first
  std::map<std::uint64_t, shown_set> shown;
  std::optional<std::uint64_t> input_bytes;  // of the copy of a pipe that was read to its end

  // By run and number of the job: those that may have been shown in part.
  std::map<std::pair<std::uint64_t, std::uint64_t>, announced_output> broken_off;

  /// Reads the files that output of broken-off runs went to.
  [[nodiscard]] shown_part shown_of(const outcome& recorded, const line_tag& tag) const;
};

/// Throws cli::error where the file is missing or no such file.
[[nodiscard]] earlier_runs read_run_file(const std::string& journal);

/// Throws cli::error where there is no such journal.
void require_journal(const std::string& file);

[[nodiscard]] std::string run_file_of(const std::string& journal);
/// Output that is too large for the journal.
[[nodiscard]] std::string output_file_of(const std::string& journal);
/// The copy of a pipe that items came from.
[[nodiscard]] std::string input_copy_of(const std::string& journal);

enum class run_file_mode : std::uint8_t { begin, go_on };

/// Writes. Thread safety: any thread. Every function throws cli::error where it cannot.
class run_file {
 public:
  run_file(const std::string& journal, run_file_mode mode);

  void run_begins(const run_record& called, std::uint64_t run);
  /// All of the pipe is in its copy.
  void input_ended(std::uint64_t bytes);
  void showing(const outcome& announced, const shown_part& before);
  void all_shown();

 private:
  void write(const nlohmann::ordered_json& line);

  const std::string name_;
  descriptor file_;
  std::mutex mutex_;
};

}  // namespace cli
