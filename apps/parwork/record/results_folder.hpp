// What each job wrote, in files: --results DIR.
//
// DIR/SEQ.part/ has `item`, `stdout` and `stderr` while a job runs, which grow as it writes. When
// it has ended for good, `exit` is added and the folder becomes DIR/SEQ: so whatever bears a number
// is whole. What was cut off stays a `.part`, which the next attempt begins anew.
//
// Thread safety: a results_folder may be used by any thread, a job_results by one at a time.
#pragma once

#include <string>
#include <string_view>

#include "jobs/job.hpp"
#include "output/output_writer.hpp"
#include "support/descriptor.hpp"
#include "support/error.hpp"

namespace cli {

class results_folder;

/// The files of one attempt. Move-only. One that was not begun takes everything and does nothing.
class job_results {
 public:
  /// 0 or an errno.
  [[nodiscard]] int write(stream to, std::string_view bytes) const noexcept;

  /// The job has ended for good: puts its folder into its place, where it takes that of an earlier
  /// run. 0 or an errno. `status`: as a shell tells it.
  [[nodiscard]] int keep(int status);

 private:
  friend class results_folder;

  const results_folder* where_ = nullptr;
  std::string name_;  // in the folder
  descriptor out_, err_;
};

/// Whether a folder may have something in it: a run that goes on finds what it has left there.
enum class earlier_results { refused, allowed };

class results_folder {
 public:
  /// Makes it where it is not there. Throws cli::error that says what would do.
  results_folder(std::string folder, earlier_results earlier);

  /// Opens the files of an attempt. 0 or an errno.
  [[nodiscard]] int begin(const job& which, job_results& files) const;

  /// Writes what a journal has of a job, unless that is there. Throws cli::error.
  void restore(const job& which, const outcome& recorded) const;

  /// What an errno of these functions means.
  [[nodiscard]] error cannot_be_written(int fault) const;

 private:
  friend class job_results;

  [[nodiscard]] bool has(const job& which) const;
  [[nodiscard]] int write_file(const std::string& name, std::string_view bytes) const;
  [[nodiscard]] int take_place(const std::string& part, const std::string& name) const;

  const std::string name_;
  descriptor folder_;
};

}  // namespace cli
