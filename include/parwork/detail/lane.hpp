// What a recorder knows of one thread of a run: where its time went, and how long its items took.
//
// Thread safety: a lane belongs to one thread while the run goes on, and to whoever reads it after.
//
// Invariants:
// 1. Slices follow each other without a gap and without overlap: from 0 to `end()`.
// 2. What a lane keeps is bounded by its budget, counters aside: when it is full, neighbouring
//    slices become one. Their times and counts add up, so sums stay exact.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "parwork/failure.hpp"

namespace parwork::detail {

// What a worker's time goes to.
enum class part : std::uint8_t { nothing, pulling, working, collecting };
inline constexpr std::size_t parts = 4;

// What one stage of the work took of a lane's time.
struct stage_use {
  std::int64_t time = 0;       // nanoseconds inside its attempts
  std::uint64_t attempts = 0;  // that have ended

  void add(const stage_use& other) noexcept {
    time += other.time;
    attempts += other.attempts;
  }
};

class recording;

// An item that may have to be named: naming costs, and few are.
struct item_ref {
  const void* item;
  std::string (*name)(const void* item);  // the default name of its type
};

// All but `succeeded` have failed; of one that was cancelled nothing is wrong.
enum class attempt_result : std::uint8_t { succeeded, failed, timed_out, cancelled };

[[nodiscard]] inline attempt_result how_it_failed(const failure& why) noexcept {
  if (why.kind() == failure_kind::timeout) return attempt_result::timed_out;
  if (why.kind() == failure_kind::cancelled) return attempt_result::cancelled;
  return attempt_result::failed;
}

// How long attempts took that came to nothing, in nanoseconds.
struct lost_time {
  std::int64_t failed = 0;  // those that timed out included
  std::int64_t timed_out = 0;

  void add(attempt_result how, std::int64_t took) noexcept {
    if (how == attempt_result::succeeded || how == attempt_result::cancelled) return;
    failed += took;
    if (how == attempt_result::timed_out) timed_out += took;
  }
  void add(const lost_time& other) noexcept {
    failed += other.failed;
    timed_out += other.timed_out;
  }
};

// Consecutive time of a lane. Mostly of one part; where slices were merged, of several.
struct slice {
  static constexpr std::uint32_t no_name = 0;

  std::int64_t start = 0;                  // nanoseconds since the run began
  std::array<std::int64_t, parts> time{};  // by part; their sum is its length
  std::uint64_t first = 0;                 // index of the first item worked on in it
  std::uint32_t worked = 0;                // attempts that ended in it
  std::uint32_t failed = 0;                // of these
  std::uint32_t pulled = 0;
  std::uint32_t collected = 0;
  std::uint32_t name = no_name;  // 1 + its position among the lane's names

  [[nodiscard]] std::int64_t length() const noexcept {
    return time[0] + time[1] + time[2] + time[3];
  }
  [[nodiscard]] std::int64_t end() const noexcept { return start + length(); }
};

// Makes one of two neighbours.
void merge(slice& into, const slice& next) noexcept;

// Counts of durations, 32 buckets to a doubling: exact to 3 %.
class duration_counts {
 public:
  static constexpr unsigned fine_bits = 5;
  static constexpr std::size_t size = (64 - fine_bits) * (std::size_t{1} << fine_bits);

  void add(std::int64_t nanoseconds, std::uint64_t times = 1) noexcept;
  void add(const duration_counts& other) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::int64_t max() const noexcept { return max_; }
  [[nodiscard]] std::int64_t sum() const noexcept { return sum_; }
  // The least duration that this share of all, from 0 to 1, does not exceed.
  [[nodiscard]] std::int64_t quantile(double share) const noexcept;
  [[nodiscard]] std::uint64_t in_bucket(std::size_t bucket) const noexcept {
    return buckets_[bucket];
  }
  // The least duration of a bucket.
  [[nodiscard]] static std::int64_t lower_end(std::size_t bucket) noexcept;

 private:
  [[nodiscard]] static std::size_t bucket_of(std::uint64_t nanoseconds) noexcept;

  std::array<std::uint64_t, size> buckets_{};
  std::uint64_t count_ = 0;
  std::int64_t sum_ = 0;
  std::int64_t max_ = 0;
};

// One attempt, or one span, that took long.
struct slow_item {
  std::int64_t duration = 0;
  std::int64_t start = 0;
  std::uint64_t index = 0;
  std::uint32_t attempt = 1;
  attempt_result how = attempt_result::succeeded;
  std::string name = {};
  // Of a span of items that lasted as long: how many, and how many of these failed.
  std::uint32_t items = 1;
  std::uint32_t failed = 0;

  [[nodiscard]] std::uint32_t failed_items() const noexcept {
    return items == 1 ? static_cast<std::uint32_t>(how != attempt_result::succeeded) : failed;
  }
};

// One that goes on after its call.
struct started_attempt {
  std::uint32_t place = 0;  // among those that are under way, from 1; 0: none was free
  std::int64_t start = 0;   // nanoseconds since the run began
};

class lane {
 public:
  // `budget`: for slices and names, in bytes. `from`: what its thread's clock shows. `durations`:
  // where attempts are counted, which only one thread at a time may do. `stages`: of the work.
  lane(recording& owner, std::size_t budget, std::int64_t from, duration_counts& durations,
       std::size_t stages = 0);
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;

  // From now on it keeps that many bytes at most; what it has is thinned when more comes.
  void limit_memory(std::size_t budget) noexcept { budget_ = budget; }

  // --- for the engine, on the lane's thread; times are tick_clock's, in nanoseconds ---
  // What the thread did has ended now. The next attempt begins then, or later.
  void turn(part doing, std::int64_t now) noexcept;
  void pulled(std::uint64_t items) noexcept { pulled_ += static_cast<std::uint32_t>(items); }
  void collected(std::uint64_t items) noexcept { collected_ += static_cast<std::uint32_t>(items); }

  // The next attempt does not begin before that: what went before is not its time.
  void begin_attempt(std::int64_t earliest) noexcept { mark_ = std::max(mark_, earliest); }
  void begin_attempt_now() noexcept;

  // --- for the typed run, on the lane's thread ---
  // An attempt that began where the last one ended, or as said above, has ended now.
  void attempt_ended(std::uint64_t index, std::uint32_t attempt, attempt_result how,
                     const item_ref& which) noexcept;
  // The same of an attempt of one stage.
  void stage_ended(unsigned stage, std::uint64_t index, std::uint32_t attempt, attempt_result how,
                   const item_ref& which) noexcept;
  // The same of a span of items that were worked on by one call.
  void span_ended(std::uint64_t first, std::uint32_t items, std::uint32_t attempt,
                  std::uint32_t failed, const item_ref& which) noexcept;
  // An item has failed for good.
  void item_failed(std::uint64_t index, std::uint32_t attempts, const failure& why,
                   const item_ref& which) noexcept;
  // An asynchronous attempt begins.
  [[nodiscard]] started_attempt attempt_started() noexcept;
  // It has ended: on whichever thread it began.
  void outstanding_ended(const started_attempt& begun, std::uint64_t index, std::uint32_t attempt,
                         attempt_result how, const item_ref& which) noexcept;

  // The same of a span: `what` says all but when it began and how long it took, which each of its
  // items did.
  void outstanding_span_ended(const started_attempt& begun, slow_item what,
                              const item_ref& which) noexcept;

  // --- for lanes of what is added when it is over ---
  // A span of work; what lies between it and the last one was idle time.
  void add_span(const slow_item& what) noexcept;
  // Counts what a stage of the work took.
  void add_to_stage(unsigned stage, std::int64_t took) noexcept { stages_[stage].add({took, 1}); }
  // Counts its duration, and keeps it where it is among the slowest.
  void add_attempt(const slow_item& what) noexcept;

  // --- for whoever reads; after the run ---
  void close(std::int64_t now) noexcept { turn(part::nothing, now); }
  [[nodiscard]] const std::vector<slice>& slices() const noexcept { return slices_; }
  [[nodiscard]] const std::string& name_of(const slice& which) const noexcept {
    return names_[which.name - 1];
  }
  [[nodiscard]] const std::vector<slow_item>& slowest() const noexcept { return slowest_; }
  // Slices shorter than this have been merged; 0: none.
  [[nodiscard]] std::int64_t resolution() const noexcept { return resolution_; }
  [[nodiscard]] std::int64_t end() const noexcept { return end_; }
  // Of its own attempts, not of those that are added.
  [[nodiscard]] const lost_time& lost() const noexcept { return lost_; }
  // One for each stage of the work.
  [[nodiscard]] const std::vector<stage_use>& stages() const noexcept { return stages_; }

 private:
  void note_lost(attempt_result how, std::int64_t took) noexcept;
  void note_long(std::uint64_t index, std::uint32_t attempt, attempt_result how,
                 const item_ref& which, std::int64_t took) noexcept;
  void append(part doing, std::int64_t upto, const std::string& name = {}) noexcept;
  void thin() noexcept;
  void merge_neighbours() noexcept;
  void drop_names() noexcept;
  void note_slow(slow_item&& candidate) noexcept;
  [[nodiscard]] std::uint32_t keep_name(const std::string& name) noexcept;
  [[nodiscard]] bool is_full() const noexcept;

  recording& owner_;
  duration_counts& durations_;
  std::size_t budget_;
  std::int64_t mark_ = 0;  // when the attempt that is under way began
  std::int64_t end_ = 0;   // of the last slice, since the run began
  std::uint64_t first_ = 0;
  std::uint32_t worked_ = 0, failed_ = 0, pulled_ = 0, collected_ = 0;  // not in a slice yet
  lost_time lost_;
  std::int64_t least_slow_ = 0;  // a duration beyond it is among the slowest
  std::int64_t resolution_ = 0;
  std::size_t name_bytes_ = 0;
  std::vector<slice> slices_;
  std::vector<std::string> names_;
  std::vector<slow_item> slowest_;  // a heap, the least on top
  std::vector<stage_use> stages_;
};

}  // namespace parwork::detail
