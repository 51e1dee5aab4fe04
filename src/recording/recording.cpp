#include "recording/recording.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace parwork::detail {

namespace {

constexpr std::size_t longest_name = 200;     // bytes
constexpr std::size_t longest_message = 500;  // bytes
constexpr std::size_t most_groups = 200;      // of failures
constexpr std::size_t most_examples = 5;      // of a group
constexpr std::size_t least_budget = 64 * sizeof(slice);
constexpr std::uint32_t most_outstanding = 256;  // places
constexpr std::uint32_t most_waiting = 16;
constexpr std::size_t most_further = 256;

// Of a run by hand one for each of its lanes: there the caller says which is taken.
std::uint32_t places_of(const run_facts& facts) {
  if (facts.is_manual) return facts.workers;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(facts.queue, 1, most_outstanding));
}

// Source: Documentation/scheduler/sched-stats.rst of Linux: the second figure is the time spent
// waiting on a run queue, in nanoseconds. Threads that have ended are not in it.
// 0 where there is no /proc. By system calls: the standard library's directories end the program
// where there is no memory for them.
std::chrono::nanoseconds time_without_cpu() noexcept {
  std::int64_t sum = 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(::opendir("/proc/self/task"), ::closedir);
  while (const dirent* const task = tasks ? ::readdir(tasks.get()) : nullptr) {
    std::array<char, 64> name{};
    std::snprintf(name.data(), name.size(), "%.20s/schedstat", task->d_name);
    const int file = ::openat(::dirfd(tasks.get()), name.data(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    std::array<char, 128> text{};
    std::int64_t waiting = 0;
    if (::read(file, text.data(), text.size() - 1) > 0 &&
        std::sscanf(text.data(), "%*d %" SCNd64, &waiting) == 1) {
      sum += waiting;
    }
    ::close(file);
  }
  return std::chrono::nanoseconds(sum);
}

std::string message_of(const std::exception_ptr& error) {
  if (!error) return {};
  return failure(error).message();
}

// Not within a character of UTF-8.
void cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  text.resize(most);
  text += "...";
}

}  // namespace

cpu_use cpu_use::now() noexcept {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return {of(used.ru_utime) + of(used.ru_stime), time_without_cpu()};
}

// --- Lanes of what overlaps ---

void lane_set::reset(recording& owner, std::size_t memory, std::uint32_t most, std::int64_t from) {
  const lock_guard guard(lock_);
  owner_ = &owner;
  budget_ = std::max(least_budget, memory / most);
  most_ = most;
  sum_ = 0;
  lost_ = {};
  durations_ = {};
  from_ = from;
  lanes_.clear();
  free_ = {};
}

lane& lane_set::lane_at(std::uint32_t place) {
  while (lanes_.size() < place) {
    lanes_.push_back(std::make_unique<lane>(*owner_, budget_, from_, durations_));
  }
  return *lanes_[place - 1];
}

std::uint32_t lane_set::take() noexcept {
  const lock_guard guard(lock_);
  try {
    if (free_.empty()) {
      if (lanes_.size() >= most_) return 0;
      const auto place = static_cast<std::uint32_t>(lanes_.size() + 1);
      lane_at(place);
      return place;
    }
    const std::uint32_t place = free_.top();
    free_.pop();
    return place;
  } catch (const std::exception&) {
    return 0;  // no memory for it
  }
}

void lane_set::end(std::uint32_t place, const slow_item& what) noexcept {
  const lock_guard guard(lock_);
  sum_ += what.duration * what.items;
  lost_.add(what.how, what.duration * what.failed_items());
  if (place == 0) return;
  lanes_[place - 1]->add_span(what);
  try {
    free_.push(place);
  } catch (const std::exception&) {
    --most_;  // no memory: the place is not taken again
  }
}

void lane_set::add(std::uint32_t place, const slow_item& what) {
  const lock_guard guard(lock_);
  lane& its = lane_at(place);
  sum_ += what.duration * what.items;
  lost_.add(what.how, what.duration * what.failed_items());
  its.add_span(what);
  its.add_attempt(what);
}

void lane_set::close(std::int64_t now) {
  const lock_guard guard(lock_);
  for (const auto& each : lanes_) each->close(now);
}

// --- The run's course ---

void recording::begin(run_facts facts, std::int64_t now,
                      std::chrono::system_clock::time_point began) {
  phase seen = phase_.load();
  do {
    if (seen == phase::running) {
      throw std::logic_error("parwork::recorder: it records another run, which is not over");
    }
  } while (!phase_.compare_exchange_weak(seen, phase::running));
  try {
    prepare(std::move(facts), now, began);
  } catch (...) {
    abandon();  // no memory: the next run may have it
    throw;
  }
}

void recording::prepare(run_facts&& facts, std::int64_t now,
                        std::chrono::system_clock::time_point began) {
  facts_ = std::move(facts);
  origin_ = now;
  length_ = 0;
  began_ = began;
  counts_ = {};
  broken_off_.clear();
  failures_.clear();
  other_failures_ = 0;
  namer_ = nullptr;
  if (facts_.item_type != nullptr) {
    const auto found = namers_.find(std::type_index(*facts_.item_type));
    if (found != namers_.end()) namer_ = &found->second;
  }
  workers_.clear();
  work_.reset();
  share_memory();
  const std::size_t lanes =
      std::size_t{facts_.workers} + parts_of_their_own + facts_.further_workers;
  workers_.resize(facts_.is_manual ? 0 : lanes);
  outstanding_.reset(*this, memory_ / 2, places_of(facts_), now);
  waiting_.reset(*this, memory_ / 4, most_waiting, now);
  remote_.reset(*this, memory_ / 4, now);
  cpu_before_ = cpu_use::now();
}

// Where further workers may come they get half of what all have: nobody knows whether they will.
void recording::share_memory() {
  const bool beside = facts_.is_async || facts_.is_manual;
  const std::size_t all = memory_ / (beside ? 4 : 2);
  const std::size_t some = facts_.further_workers > 0 ? all / 2 : all;
  worker_budget_ =
      std::max(least_budget, some / (std::size_t{facts_.workers} + parts_of_their_own));
  const std::size_t further =
      std::min({std::size_t{facts_.further_workers}, most_further, some / least_budget});
  facts_.further_workers = static_cast<unsigned>(further);
  further_budget_ = further > 0 ? some / further : 0;
}

void recording::end(const summary& counts, const std::exception_ptr& error, std::int64_t now,
                    std::optional<std::chrono::nanoseconds> cpu,
                    std::optional<std::chrono::nanoseconds> delayed) {
  counts_ = counts;
  if (!facts_.is_manual && counts.queue > 0) facts_.queue = counts.queue;  // it may have grown
  broken_off_ = message_of(error);
  length_ = now - origin_;
  for (const auto& each : workers_) {
    if (each != nullptr) each->its.close(now);
  }
  outstanding_.close(now);
  waiting_.close(now);
  remote_.close(now);
  if (facts_.is_manual) {  // what worked was not this process
    cpu_ = cpu;
    delayed_ = delayed.value_or(std::chrono::nanoseconds(0));
  } else {
    const cpu_use now_used = cpu_use::now();
    cpu_ = now_used.time - cpu_before_.time;
    delayed_ = std::max(std::chrono::nanoseconds(0), now_used.delayed - cpu_before_.delayed);
  }
  if (cpu) cpu_ = cpu;
  phase_ = phase::done;
}

void recording::shrink_to(unsigned lanes) noexcept {
  const auto used = static_cast<unsigned>(outstanding_.lanes().size());
  facts_.workers = std::min(facts_.workers, std::max({lanes, used, 1U}));
}

lane& recording::worker_lane(unsigned number, std::int64_t now) {
  return lane_at(number, worker_budget_, now);
}

lane* recording::further_lane(unsigned number, std::int64_t now) {
  if (number >= facts_.further_workers) return nullptr;
  return &lane_at(std::size_t{facts_.workers} + parts_of_their_own + number, further_budget_, now);
}

lane& recording::lane_at(std::size_t place, std::size_t budget, std::int64_t now) {
  auto& record = workers_[place];
  if (record == nullptr) {
    record = std::make_unique<worker_record>(*this, budget, now);
    record->its.turn(part::nothing, now);  // it was not needed so far
  }
  return record->its;
}

duration_counts recording::durations() const {
  duration_counts all = outstanding_.durations();
  for (const auto& each : workers_) {
    if (each != nullptr) all.add(each->durations);
  }
  return all;
}

lost_time recording::lost() const noexcept {
  lost_time all = outstanding_.lost();
  for (const auto& each : workers_) {
    if (each != nullptr) all.add(each->its.lost());
  }
  return all;
}

std::vector<stage_use> recording::stages() const {
  std::vector<stage_use> all(work_.stages().size());
  for (const auto& each : workers_) {
    if (each == nullptr) continue;
    for (std::size_t i = 0; i < all.size(); ++i) all[i].add(each->its.stages()[i]);
  }
  return all;
}

std::string recording::name_of(const item_ref& which) const noexcept {
  std::string name;
  try {
    name = namer_ != nullptr ? (*namer_)(which.item) : which.name(which.item);
    cut(name, longest_name);
  } catch (...) {
    name.clear();
  }
  return name;
}

void recording::note_failure(std::uint64_t index, std::uint32_t attempts, const failure& why,
                             const item_ref& which) noexcept {
  failure_group* const group = count_failure(why);
  if (group == nullptr) return;
  failure_example example{index, attempts, name_of(which)};  // user code: no lock held
  const lock_guard guard(failures_lock_);
  if (group->examples.size() < most_examples) group->examples.push_back(std::move(example));
}

// The group, where it wants another example. Its place and its room for examples stay as they are
// until the next run.
failure_group* recording::count_failure(const failure& why) noexcept {
  const lock_guard guard(failures_lock_);
  try {
    std::string message = why.message();
    cut(message, longest_message);
    failure_key key(why.kind(), std::move(message));
    auto found = failures_.find(key);
    if (found == failures_.end() && failures_.size() < most_groups) {
      failure_group fresh;
      fresh.examples.reserve(most_examples);
      found = failures_.emplace(std::move(key), std::move(fresh)).first;
    }
    if (found != failures_.end()) {
      failure_group& group = found->second;
      ++group.count;
      return group.examples.size() < most_examples ? &group : nullptr;
    }
  } catch (const std::exception&) {
    ++other_failures_;  // no memory for its group
    return nullptr;
  }
  ++other_failures_;
  return nullptr;
}

}  // namespace parwork::detail
