// What a report shows of jobs: attempts as they ended, and what they came to.
//
// Thread safety: `add` and `gave_up` may be called by any thread, for one slot by one at a time;
// everything else by one, while no other is in a call.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/outcome.hpp"
#include "parwork/recorder.hpp"

namespace cli {

/// What becomes of a job after an attempt.
enum class attempt_fate : std::uint8_t { for_good, to_be_repeated };

/// How a run ended, beyond its attempts.
struct record_end {
  std::chrono::nanoseconds wall{0};
  unsigned slots = 0;             // 0: those of the beginning, else so many of them were there
  std::uint64_t not_started = 0;  // jobs
  bool stopped = false;           // before its items were done
  std::chrono::nanoseconds waited_for_input{0};  // while a slot was free
  std::optional<std::chrono::nanoseconds> cpu = {};
  std::optional<std::chrono::nanoseconds> run_delay = {};  // ready to run, without a CPU
};

class job_record {
 public:
  /// `title`: the report's heading. `slots`: at most `most_slots`.
  job_record(const std::string& title, unsigned slots, std::chrono::system_clock::time_point began);

  /// `name`: of the job. `start`: since the run began. Costs about 0.2 us.
  void add(std::string name, const outcome& ended, std::chrono::nanoseconds start,
           attempt_fate fate);

  /// So many attempts took place that are not added.
  void add_uncounted(std::uint64_t attempts) { retries_ += attempts; }

  /// A job whose last attempt was to be repeated was not tried again.
  void gave_up() { ++failed_; }

  /// Whether no attempt has been added.
  [[nodiscard]] bool is_empty() const { return attempts_ == 0; }

  void finish(const record_end& end);

  /// Both after `finish`. Throws cli::error where the file cannot be written.
  void write(const std::filesystem::path& file) const;
  [[nodiscard]] std::string verdict() const { return recorder_.verdict(); }

  static const unsigned most_slots;

 private:
  const unsigned slots_;
  parwork::recorder recorder_;
  std::atomic<std::uint64_t> attempts_ = 0;
  std::atomic<std::uint64_t> succeeded_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> retries_ = 0;
};

/// A run's heading: its command line without items, and cut where it is long.
[[nodiscard]] std::string title_of(const std::vector<std::string>& arguments);

/// Throws cli::error where this build has no reports.
void require_reports();

/// A file that a report is to be written into later.
class prepared_report {
 public:
  /// Throws cli::error where it cannot be opened. An existing one is left as it is; a new one is
  /// empty.
  explicit prepared_report(std::filesystem::path file);
  prepared_report(const prepared_report&) = delete;
  prepared_report& operator=(const prepared_report&) = delete;

  /// Takes a new one away that has not been used.
  ~prepared_report();

  void use() { used_ = true; }

 private:
  const std::filesystem::path file_;
  bool is_new_ = false;
  bool used_ = false;
};

/// Throws cli::error where the report would overwrite what it is made from. `what`: as in "the
/// log".
void refuse_same_file(const std::filesystem::path& report, std::string_view what,
                      const std::filesystem::path& file);

}  // namespace cli
