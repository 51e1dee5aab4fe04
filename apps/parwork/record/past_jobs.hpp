// The jobs of runs that are over, in the order of their ends, on one timeline.
//
// Thread safety: one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "jobs/outcome.hpp"
#include "record/job_record.hpp"

namespace cli {

/// Puts attempts whose times a wall clock has told into a record, each slot's in order and without
/// an overlap.
class slot_times {
 public:
  explicit slot_times(job_record& into) : into_(into) {}

  /// `start`: seconds since the record began.
  void add(std::string name, outcome ended, double start, attempt_fate fate);

  /// The end of the last one so far.
  [[nodiscard]] std::chrono::nanoseconds last() const { return last_; }

 private:
  job_record& into_;
  std::map<unsigned, std::chrono::nanoseconds> free_from_;  // by slot
  std::chrono::nanoseconds last_{0};
};

/// What a journal has of its jobs: the last outcome of each, from any number of runs. Needs memory
/// for all of them: about 120 bytes and the name of each.
class past_jobs {
 public:
  void add(std::string name, const outcome& recorded);

  [[nodiscard]] std::uint64_t size() const { return jobs_.size(); }
  [[nodiscard]] std::uint64_t runs() const { return runs_.size(); }
  [[nodiscard]] unsigned slots() const { return slots_; }

  /// When the first of them began: Unix time, seconds; 0 where there is none.
  [[nodiscard]] double begin() const;

  /// One run behind the other: what lies between them is left out. Returns the time of all.
  std::chrono::nanoseconds move_into(job_record& record) &&;

 private:
  struct past_job {
    std::string name, message;
    double start, duration;
    std::uint64_t run, sequence;
    unsigned slot, attempt;
    cause why;
    int exit, signal;
  };
  struct extent {
    double begin, end;
    double offset = 0;  // of the run's begin, in the record
  };

  void lay_out_runs();

  std::vector<past_job> jobs_;
  std::map<std::uint64_t, extent> runs_;
  unsigned slots_ = 1;
};

}  // namespace cli
