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

class recording;

// An item that may have to be named: naming costs, and few are.
struct item_ref {
  const void* item;
  std::string (*name)(const void* item);  // the default name of its type
};

enum class attempt_result : std::uint8_t { succeeded, failed };

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

// One attempt that took long.
struct slow_item {
  std::int64_t duration = 0;
  std::int64_t start = 0;
  std::uint64_t index = 0;
  std::uint32_t attempt = 1;
  attempt_result how = attempt_result::succeeded;
  std::string name = {};
};

// One that goes on after its call.
struct started_attempt {
  std::uint32_t place = 0;  // among those that are under way, from 1; 0: none was free
  std::int64_t start = 0;   // nanoseconds since the run began
};

class lane {
 public:
  // `budget`: for slices and names, in bytes. `from`: what its thread's clock shows. `durations`:
  // where attempts are counted, which only one thread at a time may do.
  lane(recording& owner, std::size_t budget, std::int64_t from, duration_counts& durations);
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;

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

  // --- for lanes of what is added when it is over ---
  // A span of work; what lies between it and the last one was idle time.
  void add_span(const slow_item& what) noexcept;
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

 private:
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
  const std::size_t budget_;
  std::int64_t mark_ = 0;  // when the attempt that is under way began
  std::int64_t end_ = 0;   // of the last slice, since the run began
  std::uint64_t first_ = 0;
  std::uint32_t worked_ = 0, failed_ = 0, pulled_ = 0, collected_ = 0;  // not in a slice yet
  std::int64_t least_slow_ = 0;  // a duration beyond it is among the slowest
  std::int64_t resolution_ = 0;
  std::size_t name_bytes_ = 0;
  std::vector<slice> slices_;
  std::vector<std::string> names_;
  std::vector<slow_item> slowest_;  // a heap, the least on top
};

}  // namespace parwork::detail
