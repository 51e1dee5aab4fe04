// How many jobs a run will have, found in whatever way its input allows: for the status line, and
// for a halt rule of a share of all.
//
// Thread safety: `is` may be called by any thread; the others by one at a time. `shown` may be read
// meanwhile. Invariant: nothing is counted that nobody wants to know.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "jobs/command_template.hpp"
#include "jobs/halt.hpp"
#include "jobs/job_count.hpp"
#include "jobs/job_division.hpp"
#include "jobs/job_input.hpp"
#include "options/settings.hpp"
#include "output/status_line.hpp"

namespace cli {

class jobs_total {
 public:
  /// Both have to outlive it; so does a command that is counted for.
  jobs_total(const run_settings& settings, halt_rule& halt) : settings_(settings), halt_(halt) {}
  jobs_total(const jobs_total&) = delete;
  jobs_total& operator=(const jobs_total&) = delete;

  void is(std::uint64_t jobs);

  /// Where it is not known without reading, it is counted for those who want it: at once where it
  /// decides when the run ends, else beside the run. REQUIRES: nothing has been read yet.
  void find(const job_input& input, const command_template& command,
            const std::function<bool()>& is_stopped);

  /// Counts beside the run, for a status line that is shown.
  void count_beside(const input_settings& from, const command_template& command,
                    job_division division);
  void stop_counting() noexcept { counting_.reset(); }

  [[nodiscard]] const run_total& shown() const noexcept { return total_; }

 private:
  const run_settings& settings_;
  halt_rule& halt_;
  run_total total_;
  std::unique_ptr<job_count> counting_;
};

}  // namespace cli
