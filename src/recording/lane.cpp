#include "parwork/detail/lane.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <utility>

#include "base/tick_clock.hpp"
#include "recording/recording.hpp"

namespace parwork::detail {

namespace {

// An attempt of this length has a slice, and a name, of its own: a clock reading and a name are
// lost in it.
constexpr std::int64_t long_attempt = 20'000;  // nanoseconds
constexpr std::size_t most_slowest = 20;
constexpr std::int64_t least_resolution = 1'000;  // nanoseconds

std::int64_t clock_now() noexcept { return tick_clock::now().time_since_epoch().count(); }

bool is_faster(const slow_item& left, const slow_item& right) noexcept {
  return left.duration > right.duration;  // the top of the heap is the least
}

// Whether two slices went to one part each, and to the same one.
bool go_to_one_part(const slice& left, const slice& right) noexcept {
  for (std::size_t each = 0; each < parts; ++each) {
    const bool whole = left.time[each] == left.length() && right.time[each] == right.length();
    if (whole) return true;
  }
  return false;
}

}  // namespace

void merge(slice& into, const slice& next) noexcept {
  if (into.worked == 0) {
    into.first = next.first;
    into.name = next.name;
  } else if (next.worked > 0) {
    into.name = slice::no_name;
  }
  for (std::size_t each = 0; each < parts; ++each) into.time[each] += next.time[each];
  into.worked += next.worked;
  into.failed += next.failed;
  into.pulled += next.pulled;
  into.collected += next.collected;
}

// --- Durations ---

std::size_t duration_counts::bucket_of(std::uint64_t nanoseconds) noexcept {
  constexpr std::uint64_t fine = std::uint64_t{1} << fine_bits;
  if (nanoseconds < fine) return nanoseconds;
  const auto shift = static_cast<unsigned>(std::bit_width(nanoseconds)) - fine_bits - 1;
  return (shift + 1) * fine + ((nanoseconds >> shift) & (fine - 1));
}

std::int64_t duration_counts::lower_end(std::size_t bucket) noexcept {
  constexpr std::size_t fine = std::size_t{1} << fine_bits;
  if (bucket < fine) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = bucket / fine - 1;
  return static_cast<std::int64_t>((fine + bucket % fine) << shift);
}

void duration_counts::add(std::int64_t nanoseconds, std::uint64_t times) noexcept {
  const std::int64_t length = std::max<std::int64_t>(nanoseconds, 0);
  buckets_[bucket_of(static_cast<std::uint64_t>(length))] += times;
  count_ += times;
  sum_ += length * static_cast<std::int64_t>(times);
  if (length > max_) max_ = length;
}

void duration_counts::add(const duration_counts& other) noexcept {
  for (std::size_t bucket = 0; bucket < size; ++bucket) buckets_[bucket] += other.buckets_[bucket];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

// The middle of the bucket that it falls into, and never more than the longest.
std::int64_t duration_counts::quantile(double share) const noexcept {
  if (count_ == 0) return 0;
  const auto rank =
      std::min(count_ - 1, static_cast<std::uint64_t>(share * static_cast<double>(count_)));
  std::uint64_t before = 0;
  for (std::size_t bucket = 0; bucket < size; ++bucket) {
    before += buckets_[bucket];
    if (before <= rank) continue;
    const std::int64_t from = lower_end(bucket);
    const std::int64_t upto = bucket + 1 < size ? lower_end(bucket + 1) : from;
    return std::min(max_, from + (upto - from) / 2);
  }
  return max_;
}

// --- The lane ---

lane::lane(recording& owner, std::size_t budget, std::int64_t from, duration_counts& durations,
           std::size_t stages)
    : owner_(owner), durations_(durations), budget_(budget), mark_(from), stages_(stages) {}

void lane::turn(part doing, std::int64_t now) noexcept {
  const std::int64_t upto = now - owner_.origin();
  if (upto > end_) append(doing, upto);
  begin_attempt(now);
}

void lane::begin_attempt_now() noexcept { mark_ = clock_now(); }

void lane::attempt_ended(std::uint64_t index, std::uint32_t attempt, attempt_result how,
                         const item_ref& which) noexcept {
  const std::int64_t now = clock_now();
  const std::int64_t took = now - mark_;
  durations_.add(took);
  if (took >= long_attempt || took > least_slow_) [[unlikely]] {
    note_long(index, attempt, how, which, took);
    return;
  }
  if (worked_ == 0) first_ = index;
  ++worked_;
  if (how != attempt_result::succeeded) note_lost(how, took);
  mark_ = now;
}

void lane::stage_ended(unsigned stage, std::uint64_t index, std::uint32_t attempt,
                       attempt_result how, const item_ref& which) noexcept {
  const std::int64_t before = durations_.sum();
  attempt_ended(index, attempt, how, which);
  add_to_stage(stage, durations_.sum() - before);
}

void lane::note_lost(attempt_result how, std::int64_t took) noexcept {
  ++failed_;
  lost_.add(how, took);
}

// Not counted yet. What it takes to note it is no attempt's time.
void lane::note_long(std::uint64_t index, std::uint32_t attempt, attempt_result how,
                     const item_ref& which, std::int64_t took) noexcept {
  const std::int64_t start = mark_ - owner_.origin();
  const bool is_long = took >= long_attempt;
  if (is_long && start > end_) append(part::working, start);
  if (worked_ == 0) first_ = index;
  ++worked_;
  if (how != attempt_result::succeeded) note_lost(how, took);
  slow_item noted{took, start, index, attempt, how, owner_.name_of(which)};
  if (is_long) append(part::working, start + took, noted.name);
  if (took > least_slow_) note_slow(std::move(noted));
  begin_attempt_now();
}

void lane::span_ended(std::uint64_t first, std::uint32_t items, std::uint32_t attempt,
                      std::uint32_t failed, const item_ref& which) noexcept {
  if (items == 1) {
    attempt_ended(first, attempt, failed > 0 ? attempt_result::failed : attempt_result::succeeded,
                  which);
    return;
  }
  const std::int64_t now = clock_now();
  const std::int64_t each = (now - mark_) / items;
  durations_.add(each, items);
  if (worked_ == 0) first_ = first;
  worked_ += items;
  failed_ += failed;
  lost_.add(attempt_result::failed, each * failed);
  if (each > least_slow_) {
    note_slow({each, mark_ - owner_.origin(), first, attempt,
               failed > 0 ? attempt_result::failed : attempt_result::succeeded,
               owner_.name_of(which)});
  }
  mark_ = now;
}

void lane::item_failed(std::uint64_t index, std::uint32_t attempts, const failure& why,
                       const item_ref& which) noexcept {
  owner_.note_failure(index, attempts, why, which);
}

started_attempt lane::attempt_started() noexcept {
  return {owner_.outstanding().take(), clock_now() - owner_.origin()};
}

void lane::outstanding_ended(const started_attempt& begun, std::uint64_t index,
                             std::uint32_t attempt, attempt_result how,
                             const item_ref& which) noexcept {
  outstanding_span_ended(begun, {.index = index, .attempt = attempt, .how = how}, which);
}

void lane::outstanding_span_ended(const started_attempt& begun, slow_item ended,
                                  const item_ref& which) noexcept {
  ended.start = begun.start;
  ended.duration = clock_now() - owner_.origin() - begun.start;
  if (ended.duration >= long_attempt || ended.duration > least_slow_) {
    ended.name = owner_.name_of(which);
  }
  owner_.outstanding().end(begun.place, ended);
  add_attempt(ended);
}

void lane::add_attempt(const slow_item& what) noexcept {
  durations_.add(what.duration, what.items);
  if (what.duration <= least_slow_) return;
  slow_item kept{what.duration, what.start, what.index, what.attempt, what.how};
  try {
    kept.name = what.name;
  } catch (const std::exception&) {
    kept.name.clear();  // no memory for it
  }
  note_slow(std::move(kept));
}

void lane::add_span(const slow_item& what) noexcept {
  const std::int64_t start = std::max(end_, what.start);
  if (start > end_) append(part::nothing, start);
  first_ = what.index;
  worked_ += what.items;
  failed_ += what.failed_items();
  append(part::working, std::max(start, what.start + what.duration), what.name);
}

// REQUIRES: upto >= end_. The name is kept only where the slice stays by itself.
void lane::append(part doing, std::int64_t upto, const std::string& name) noexcept {
  slice next{.start = end_,
             .first = first_,
             .worked = std::exchange(worked_, 0),
             .failed = std::exchange(failed_, 0),
             .pulled = std::exchange(pulled_, 0),
             .collected = std::exchange(collected_, 0)};
  next.time[static_cast<std::size_t>(doing)] = upto - end_;
  end_ = upto;
  if (!slices_.empty()) {
    slice& last = slices_.back();
    const bool plain = last.name == slice::no_name && name.empty();
    if ((plain && go_to_one_part(last, next)) || last.length() + next.length() <= resolution_) {
      return merge(last, next);
    }
  }
  try {
    slices_.push_back(next);
    slices_.back().name = keep_name(name);
  } catch (const std::exception&) {
    if (!slices_.empty()) merge(slices_.back(), next);  // no memory: times still add up
  }
  if (is_full()) thin();
}

bool lane::is_full() const noexcept {
  return slices_.size() > 1 && slices_.size() * sizeof(slice) + name_bytes_ > budget_;
}

// Makes slices coarser until half of the budget is free, so that it is seldom done.
void lane::thin() noexcept {
  resolution_ = std::max(resolution_, end_ / static_cast<std::int64_t>(slices_.size()));
  do {
    resolution_ = std::max(2 * resolution_, least_resolution);
    merge_neighbours();
  } while (slices_.size() > 1 && slices_.size() * sizeof(slice) + name_bytes_ > budget_ / 2);
}

void lane::merge_neighbours() noexcept {
  std::size_t kept = 0;
  for (std::size_t next = 1; next < slices_.size(); ++next) {
    if (slices_[kept].length() + slices_[next].length() <= resolution_) {
      merge(slices_[kept], slices_[next]);
    } else {
      slices_[++kept] = slices_[next];
    }
  }
  slices_.resize(kept + 1);
  drop_names();
}

// Those that no slice has any more.
void lane::drop_names() noexcept {
  std::uint32_t kept = 0;
  name_bytes_ = 0;
  for (slice& each : slices_) {
    if (each.name == slice::no_name) continue;
    if (each.name - 1 != kept) names_[kept] = std::move(names_[each.name - 1]);
    name_bytes_ += sizeof(std::string) + names_[kept].capacity();
    each.name = ++kept;
  }
  names_.resize(kept);
}

std::uint32_t lane::keep_name(const std::string& name) noexcept {
  if (name.empty()) return slice::no_name;
  try {
    names_.push_back(name);
  } catch (const std::exception&) {
    return slice::no_name;
  }
  name_bytes_ += sizeof(std::string) + names_.back().capacity();
  return static_cast<std::uint32_t>(names_.size());
}

void lane::note_slow(slow_item&& candidate) noexcept {
  try {
    if (slowest_.capacity() == 0) slowest_.reserve(most_slowest + 1);
  } catch (const std::exception&) {
    return;
  }
  slowest_.push_back(std::move(candidate));
  std::push_heap(slowest_.begin(), slowest_.end(), is_faster);
  if (slowest_.size() <= most_slowest) return;
  std::pop_heap(slowest_.begin(), slowest_.end(), is_faster);
  slowest_.pop_back();
  least_slow_ = slowest_.front().duration;
}

}  // namespace parwork::detail
