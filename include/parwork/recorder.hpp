// Records where the time of a run went, and shows it: as a Chrome trace, and as an HTML report that
// says what held the run back.
//
// Thread safety: a recorder belongs to one run at a time (`process` throws std::logic_error where
// it is in use). `add`, `remote_lane` and `add_remote` may be called by any thread; everything else
// by one, and not during a run.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <utility>

#include "parwork/failure.hpp"
#include "parwork/summary.hpp"

namespace parwork {

class recorder;

namespace detail {
class recording;
[[nodiscard]] recording& recording_of(recorder& of) noexcept;
}  // namespace detail

/// Whether this build can write reports: false where it was built with PARWORK_REPORT=OFF.
[[nodiscard]] bool has_report() noexcept;

/// How much a recorder keeps, and what its report is called.
struct recorder_options {
  /// Memory for the timeline, in bytes; at least 1 MiB. Longer runs are thinned: neighbouring spans
  /// are shown as one, whose times still add up, and the report says so. Durations, failures and
  /// the slowest items are exact whatever the length.
  std::size_t memory = std::size_t{64} << 20;

  /// The report's heading; empty: "parwork run".
  std::string title = {};
};

/// A run that `process` does not make: of a program that starts processes, requests or the like by
/// itself and wants the same report. What is recorded of it is given to `recorder::add`.
struct manual_run {
  unsigned workers = 1;       ///< how many attempts may be under way at once: a lane each
  std::string item = "item";  ///< what one of them is called: "job" becomes "3 jobs"
  std::string lane = "slot";  ///< what a lane is called
  std::chrono::system_clock::time_point began = std::chrono::system_clock::now();
};

/// The most lanes of a manual run: of jobs, say, that wait for something else than a CPU.
inline constexpr unsigned most_manual_workers = 65'536;

/// What became of one attempt.
enum class attempt_end {
  succeeded,
  failed,    ///< for good
  repeated,  ///< failed, and another attempt follows
};

/// One attempt of a manual run.
struct recorded_attempt {
  unsigned lane = 1;                  ///< from 1; one attempt at a time is under way in a lane
  std::uint64_t index = 0;            ///< of the item, from 0
  std::string name = {};              ///< of the item; empty: the report says "item 17"
  unsigned attempt = 1;               ///< from 1
  std::chrono::nanoseconds start{0};  ///< since the run began
  std::chrono::nanoseconds duration{0};
  attempt_end end = attempt_end::succeeded;
  /// Why it failed. Failures are grouped by kind and message; only those for good are counted. The
  /// time of all counts as lost, but for `failure_kind::cancelled`.
  std::optional<failure> why = {};
};

/// A lane of a recorded run for a thread elsewhere: see `recorder::remote_lane`.
enum class remote_lane_id : std::uint32_t { none = 0 };

/// Records a run that is given `options{.record = &recorder}`:
///
///     parwork::recorder recorder;
///     auto s = parwork::process(files, work, print, {.record = &recorder});
///     recorder.write_report("run.html");
///
/// Costs a clock reading and some counting for each item, 20 to 40 ns, and nothing where no run
/// uses it. A further run replaces what is there. A run that ends by an exception is kept, too.
class recorder {
 public:
  /// Throws `std::invalid_argument` where `options.memory` is below 1 MiB.
  explicit recorder(recorder_options options = {});
  recorder(const recorder&) = delete;
  recorder& operator=(const recorder&) = delete;
  ~recorder();

  /// How items of a type are called in trace and report, in runs to come. Strings, paths, numbers
  /// and what `operator<<` writes have a name without this; other items are called by their index.
  /// Called for items that are among the slowest so far, that take 20 us or longer, or that fail;
  /// by several threads at once. An exception from it leaves the item without a name.
  template <class Item>
  void name_items(std::function<std::string(const Item&)> name) {
    if (!name) throw std::invalid_argument("parwork::recorder: name_items was given no function");
    set_name(typeid(Item), [name = std::move(name)](const void* item) {
      return name(*static_cast<const Item*>(item));
    });
  }

  /// Writes the timeline as trace events in JSON, which ui.perfetto.dev and chrome://tracing open:
  /// a lane for each worker with spans of work, generator, collector and idle time, lanes of
  /// waiting for another attempt, counters of items in flight and of the rate. Throws
  /// `std::system_error` naming the file where it cannot be written, and `std::logic_error` where
  /// nothing has been recorded. Format: "Trace Event Format", by Google's Chrome team.
  void write_trace(const std::filesystem::path& file) const;

  /// Writes one HTML file that needs nothing else: the verdict and what to change, counts,
  /// timeline, throughput, durations, the slowest items, failures. Throws as `write_trace` does,
  /// and `std::runtime_error` where parwork was built without it (PARWORK_REPORT=OFF).
  void write_report(const std::filesystem::path& file) const;

  /// A lane for a thread on another machine, which the run's asynchronous work has given items to:
  /// trace and report show it under that name. The same name gives the same lane. It is one of the
  /// run that is being recorded, and may be made by any thread while that goes on. `none` where
  /// there are 1,024 already; what is added to that is dropped. May throw `std::bad_alloc`, and
  /// `std::logic_error` where no run is being recorded.
  [[nodiscard]] remote_lane_id remote_lane(const std::string& name);
  /// That thread has worked on items `first` to `first + count - 1`, from `start` (by this
  /// machine's clock) for `duration`, and `failed` of them have failed. For one lane in the order
  /// of their ends; what overlaps the one before is cut there. Nothing but the timeline follows
  /// from it: the items are counted, and their durations taken, when they come back. Any thread; a
  /// lock and some stores. What comes when the run is over is dropped.
  void add_remote(remote_lane_id lane, std::uint64_t first, std::uint32_t count,
                  std::uint32_t failed, std::chrono::steady_clock::time_point start,
                  std::chrono::nanoseconds duration) noexcept;

  /// What bounded the run and what to change, in some sentences: as in the report. Empty where
  /// nothing has been recorded.
  [[nodiscard]] std::string verdict() const;

  /// Whether the timeline had to be thinned to fit into its memory.
  [[nodiscard]] bool thinned() const;

  /// Begins a run by hand; replaces what is there. Throws `std::invalid_argument` where `workers`
  /// is 0 or beyond `most_manual_workers`.
  void begin(const manual_run& run);
  /// Adds an attempt. In each lane in the order of their ends. About 130 ns. Throws
  /// `std::logic_error` without `begin`, `std::invalid_argument` for a lane that is not the run's.
  void add(const recorded_attempt& attempt);
  /// Ends it. Of `counts` the counts, `wall`, `stopped` and, where they are not 0, `paused`,
  /// `generator_share` and `workers` are used; the other shares, `bound` and `peak_in_flight` come
  /// from the attempts. `workers` below those of `begin`: no more lanes were there after all; it
  /// is raised to the highest lane that an attempt was added to. `cpu`: CPU
  /// time of all that worked, where known. `delayed`: how long all of them were ready to run and
  /// had no CPU, where known. Returns the summary that the report shows.
  summary finish(const summary& counts, std::optional<std::chrono::nanoseconds> cpu = {},
                 std::optional<std::chrono::nanoseconds> delayed = {});

 private:
  friend detail::recording& detail::recording_of(recorder& of) noexcept;
  void set_name(const std::type_info& type, std::function<std::string(const void*)> name);

  std::unique_ptr<detail::recording> recording_;
};

}  // namespace parwork
