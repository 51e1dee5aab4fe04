// What a run with a journal has besides others: the journal of outcomes, the run file beside it,
// and what shows outcomes once they are durable.
//
// Thread safety: `sink` as output_sink; the rest is called by one thread.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>

#include "jobs/job.hpp"
#include "options/settings.hpp"
#include "output/output_sink.hpp"
#include "output/output_writer.hpp"
#include "output/recorded_output.hpp"
#include "parwork/journal.hpp"
#include "record/run_file.hpp"

namespace cli {

/// What a journal knows a job by: its items, or the hash of its block.
struct job_key {
  std::string operator()(const job& which) const;
};

class journalled_run {
 public:
  /// Throws cli::error where the journal exists and is not to be gone on with, and what
  /// `parwork::journal` throws. `fail` hears what goes wrong while output is shown.
  journalled_run(const run_settings& settings, output_writer& writer,
                 std::function<void(std::exception_ptr)> fail);

  [[nodiscard]] parwork::journal<job_key>& outcomes() noexcept { return outcomes_; }
  [[nodiscard]] run_file& marks() noexcept { return marks_; }
  [[nodiscard]] output_sink& sink() noexcept { return sink_; }
  /// Whether it goes on with a run that has recorded something.
  [[nodiscard]] bool has_earlier() const noexcept { return has_earlier_; }
  /// How the run that began it divided its items.
  [[nodiscard]] std::optional<job_division> division() const {
    return earlier_.first ? std::optional(earlier_.first->division) : std::nullopt;
  }

 private:
  const bool exists_;
  parwork::journal<job_key> outcomes_;
  const bool has_earlier_;
  const earlier_runs earlier_;
  run_file marks_;
  recorded_output shown_;  // its destructor shows what is left: before the others end
  recorded_sink sink_;
};

/// How this process was called, as a resumed run needs it. REQUIRES: nothing has been read from
/// standard input. Throws cli::error where the current folder is gone.
[[nodiscard]] run_record record_of_call(const run_settings& settings);

}  // namespace cli
