// Where the output of a running job goes: into hiding until its turn, or out at once.
//
// Thread safety: a job_output is fed by one thread; `live_output::advance` may be called by
// another.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>

#include "output/held_output.hpp"
#include "output/output_writer.hpp"

namespace cli {

enum class output_mode : std::uint8_t { group, line, raw, none };
enum class output_order : std::uint8_t { completion, input };

class job_output;

/// What jobs need to show output while they run.
class live_output {
 public:
  live_output(output_mode mode, output_order order, output_writer& writer)
      : mode_(mode), order_(order), writer_(writer) {}

  /// The jobs up to this one have been collected: the next one may show its output while it runs.
  void advance(std::uint64_t sequence);

 private:
  friend class job_output;

  const output_mode mode_;
  const output_order order_;
  output_writer& writer_;
  std::mutex mutex_;  // with order input: of what follows, and of the jobs that are in it
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, job_output*> running_;
};

/// Whether it is known that this attempt's output is what is shown of its job.
enum class attempt_kind : std::uint8_t { last, may_be_repeated };

class job_output {
 public:
  job_output(live_output& live, output_store& store, std::uint64_t sequence, std::string tag,
             attempt_kind kind);
  job_output(const job_output&) = delete;
  job_output& operator=(const job_output&) = delete;
  ~job_output();

  /// Throws as output_writer::show and held_output::append.
  void add(stream from, std::string_view bytes);

  /// What was not shown, and how much there was of each.
  void finish(outcome& into);

 private:
  friend class live_output;

  void show_lines(stream from, std::string_view bytes);
  void show_all();
  held_output& held(stream which) { return which == stream::out ? out_ : err_; }

  live_output& live_;
  const std::uint64_t sequence_;
  const bool in_turn_;  // shown when it is its job's turn
  const bool all_held_;
  line_tag tag_;
  held_output out_, err_;
  std::uint64_t out_bytes_ = 0;
  std::uint64_t err_bytes_ = 0;
};

}  // namespace cli
