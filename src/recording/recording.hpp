// What a recorder records: a lane for each thread of the run, lanes of what is under way beside
// them (asynchronous items, items that wait for their next attempt), failures, and how the run was
// called.
//
// Thread safety: stated with each member. A recording is idle, running or done; only a running one
// is written to by other threads than its owner's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

#include "parwork/detail/lane.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/work_record.hpp"
#include "parwork/failure.hpp"
#include "parwork/options.hpp"
#include "parwork/summary.hpp"
#include "recording/remote_lanes.hpp"

namespace parwork {
class recorder;
}  // namespace parwork

namespace parwork::detail {

// How a run was called, as far as it matters for what could be changed about it.
struct run_facts {
  unsigned workers = 1;          // that it is sized for
  unsigned further_workers = 0;  // that may come beyond those
  std::uint64_t queue = 0;       // 0: not known
  std::uint64_t memory = 0;      // bytes that may be in flight; 0: no bound
  bool is_ordered = false;
  bool folds = false;
  bool is_split = false;
  bool is_straight = false;  // one item a worker is in flight
  bool is_async = false;
  bool is_manual = false;  // given to the recorder by hand
  runs_on generator_on = runs_on::workers;
  runs_on collector_on = runs_on::workers;
  const std::type_info* item_type = nullptr;
  std::string item_word = "item";
  std::string lane_word = "worker";
};

// Lanes of things that overlap: each takes the lowest place that is free.
class lane_set {
 public:
  // At most so many places are taken; what is beyond has none. `memory`: of all of them, in bytes.
  void reset(recording& owner, std::size_t memory, std::uint32_t most, std::int64_t from);
  // A place from 1, or 0. Any thread.
  [[nodiscard]] std::uint32_t take() noexcept;
  // What was at `place`, or at none, has ended. Any thread.
  void end(std::uint32_t place, const slow_item& what) noexcept;
  // The same of an attempt whose place the caller knows, from 1 up to whatever it likes.
  void add(std::uint32_t place, const slow_item& what);

  // After the run.
  void close(std::int64_t now);
  [[nodiscard]] const std::vector<std::unique_ptr<lane>>& lanes() const noexcept { return lanes_; }
  [[nodiscard]] const duration_counts& durations() const noexcept { return durations_; }
  // Of all that has ended, with and without a place: nanoseconds.
  [[nodiscard]] std::int64_t sum() const noexcept { return sum_; }
  [[nodiscard]] const lost_time& lost() const noexcept { return lost_; }

 private:
  lane& lane_at(std::uint32_t place) PARWORK_REQUIRES(lock_);

  recording* owner_ = nullptr;
  std::size_t budget_ = 0;  // of a lane
  std::uint32_t most_ = 0;
  std::int64_t from_ = 0;
  mutex lock_;
  std::int64_t sum_ = 0;  // guarded by lock_ during the run, as what follows
  lost_time lost_;
  duration_counts durations_;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free_
      PARWORK_GUARDED_BY(lock_);
  std::vector<std::unique_ptr<lane>> lanes_;  // guarded by lock_ during the run
};

// What the process had of the CPUs.
struct cpu_use {
  std::chrono::nanoseconds time{0};
  std::chrono::nanoseconds delayed{0};  // its threads were ready to run, and had none; 0: not known

  static cpu_use now() noexcept;
};

struct failure_example {
  std::uint64_t index = 0;
  std::uint32_t attempts = 0;
  std::string name = {};
};

struct failure_group {
  std::uint64_t count = 0;
  std::vector<failure_example> examples = {};
};

class recording {
 public:
  using namer = std::function<std::string(const void*)>;
  using failure_key = std::pair<failure_kind, std::string>;
  enum class phase { idle, running, done };

  recording(std::size_t memory, std::string title) : memory_(memory), title_(std::move(title)) {}

  void set_name(std::type_index type, namer name) { namers_[type] = std::move(name); }

  // --- the run's course; one thread ---
  // Throws std::logic_error where another run is being recorded. `now`: the clock of the lanes.
  void begin(run_facts facts, std::int64_t now,
             std::chrono::system_clock::time_point began = std::chrono::system_clock::now());
  // `error`: what ended the run, or null. `now`: as above, or of a manual run its wall time.
  // `cpu`, `delayed`: of a manual run, where known; of others this process tells.
  void end(const summary& counts, const std::exception_ptr& error, std::int64_t now,
           std::optional<std::chrono::nanoseconds> cpu = {},
           std::optional<std::chrono::nanoseconds> delayed = {});
  void abandon() noexcept { phase_ = phase::idle; }
  // Of a manual run that was begun with more lanes than it came to have: before its end. Those that
  // something was added to stay.
  void shrink_to(unsigned lanes) noexcept;

  // --- before the run has workers, and during it ---
  [[nodiscard]] work_record& work() noexcept { return work_; }
  [[nodiscard]] remote_lanes& remote() noexcept { return remote_; }

  // --- during the run; any thread ---
  // The lane of a worker; of the generator's or the collector's own thread: workers, workers + 1.
  [[nodiscard]] lane& worker_lane(unsigned number, std::int64_t now);
  // Of the workers that came beyond those, from 0. Null: there are no more lanes.
  [[nodiscard]] lane* further_lane(unsigned number, std::int64_t now);
  [[nodiscard]] lane_set& outstanding() noexcept { return outstanding_; }
  [[nodiscard]] lane_set& waiting() noexcept { return waiting_; }
  void note_failure(std::uint64_t index, std::uint32_t attempts, const failure& why,
                    const item_ref& which) noexcept;
  [[nodiscard]] std::string name_of(const item_ref& which) const noexcept;
  [[nodiscard]] std::int64_t origin() const noexcept { return origin_; }

  // --- after the run ---
  [[nodiscard]] phase where() const noexcept { return phase_; }
  [[nodiscard]] const std::string& title() const noexcept { return title_; }
  [[nodiscard]] const run_facts& facts() const noexcept { return facts_; }
  [[nodiscard]] const summary& counts() const noexcept { return counts_; }
  [[nodiscard]] const std::optional<std::chrono::nanoseconds>& cpu() const noexcept { return cpu_; }
  // How long threads were ready to run and had no CPU, of all threads.
  [[nodiscard]] std::chrono::nanoseconds delayed() const noexcept { return delayed_; }
  [[nodiscard]] const std::string& broken_off() const noexcept { return broken_off_; }
  [[nodiscard]] std::chrono::system_clock::time_point began() const noexcept { return began_; }
  // Null: that thread was never needed.
  [[nodiscard]] const lane* worker_lane(unsigned number) const noexcept {
    return workers_[number] == nullptr ? nullptr : &workers_[number]->its;
  }
  // How many further workers may have one.
  [[nodiscard]] unsigned further_lanes() const noexcept { return facts_.further_workers; }
  [[nodiscard]] const lane* further_lane(unsigned number) const noexcept {
    return worker_lane(facts_.workers + parts_of_their_own + number);
  }
  // Of all attempts.
  [[nodiscard]] duration_counts durations() const;
  [[nodiscard]] lost_time lost() const noexcept;
  // Of all workers; one for each stage of `work`.
  [[nodiscard]] std::vector<stage_use> stages() const;
  [[nodiscard]] const work_record& work() const noexcept { return work_; }
  [[nodiscard]] const lane_set& outstanding() const noexcept { return outstanding_; }
  [[nodiscard]] const lane_set& waiting() const noexcept { return waiting_; }
  [[nodiscard]] const remote_lanes& remote() const noexcept { return remote_; }
  [[nodiscard]] const std::map<failure_key, failure_group>& failures() const noexcept {
    return failures_;
  }
  [[nodiscard]] std::uint64_t other_failures() const noexcept { return other_failures_; }
  [[nodiscard]] std::int64_t length() const noexcept { return length_; }

 private:
  struct worker_record {
    worker_record(recording& owner, std::size_t budget, std::int64_t from)
        : its(owner, budget, from, durations, owner.work_.stages().size()) {}

    duration_counts durations;
    lane its;
  };

  // Lanes of the generator's and the collector's own thread.
  static constexpr unsigned parts_of_their_own = 2;

  [[nodiscard]] lane& lane_at(std::size_t place, std::size_t budget, std::int64_t now);
  void share_memory();
  void prepare(run_facts&& facts, std::int64_t now, std::chrono::system_clock::time_point began);
  [[nodiscard]] failure_group* count_failure(const failure& why) noexcept;

  const std::size_t memory_;
  const std::string title_;
  std::map<std::type_index, namer> namers_;

  std::atomic<phase> phase_ = phase::idle;
  run_facts facts_;
  const namer* namer_ = nullptr;  // of the run's items
  std::int64_t origin_ = 0;       // of the lanes' clock
  std::int64_t length_ = 0;
  std::chrono::system_clock::time_point began_ = {};
  summary counts_ = {};
  cpu_use cpu_before_;
  std::optional<std::chrono::nanoseconds> cpu_ = {};
  std::chrono::nanoseconds delayed_{0};
  std::size_t worker_budget_ = 0;   // of a lane, in bytes
  std::size_t further_budget_ = 0;  // the same of a further worker
  std::string broken_off_ = {};
  // A slot is its own thread's alone. Further workers are behind the parts' threads.
  std::vector<std::unique_ptr<worker_record>> workers_;
  lane_set outstanding_;
  lane_set waiting_;
  remote_lanes remote_;
  work_record work_;
  mutex failures_lock_;
  std::map<failure_key, failure_group> failures_;  // guarded by failures_lock_ during the run
  std::uint64_t other_failures_ = 0;               // of groups beyond the most
};

// The recording of a recorder.
[[nodiscard]] recording& recording_of(recorder& of) noexcept;

}  // namespace parwork::detail
