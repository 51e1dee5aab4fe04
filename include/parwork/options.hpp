// The options of a run: one plain struct, what it does before how fast it does it.
//
// Thread safety: a value; `process` takes a copy. The callables in it are called as their comments
// say.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "parwork/option_values.hpp"
#include "parwork/progress.hpp"
#include "parwork/retry.hpp"

namespace parwork {

class pool;
class recorder;
class run_control;

/// The most workers a run may ask for.
inline constexpr unsigned max_workers = 4096;
/// The longest queue a run may ask for, in items.
inline constexpr std::size_t max_queue = std::size_t{1} << 40;

/// The order in which the collector sees finished items.
enum class ordering {
  completion,  ///< as they finish; nothing waits for a slow item
  input  ///< as the generator yielded them; a slow item holds back those behind it, at most `queue`
         ///< of them
};

/// What a failed item does to the rest of the run.
enum class failure_policy {
  keep_going,  ///< nothing: the collector sees the failure, the run goes on
  stop         ///< the first failure handed to the collector stops the run
};

/// The thread that calls the generator or the collector.
enum class runs_on {
  workers,     ///< whichever worker needs items, or has finished some; the fastest
  own_thread,  ///< one further thread, not counted in `workers`: for parts that block or are bound
               ///< to a thread
  caller  ///< the thread that called `process`; it works on items when that part has nothing to do
};

/// How a run behaves. Every default is safe; values out of range throw `std::invalid_argument`
/// before anything starts. A count of another integer type needs a cast,
/// `.workers = static_cast<unsigned>(n)`; a negative one becomes too large and is refused.
struct options {
  /// Threads that run work, the calling thread included; 0: the size of the pool. At most
  /// `max_workers`. More than the pool and the caller have are started for this run alone (about 30
  /// us each, when first needed).
  unsigned workers = 0;

  /// Items in flight: taken from the generator and not yet given to the collector, spawned ones
  /// aside. At most `max_queue`. Items that `prioritized` holds come besides. 0: automatic, what
  /// the work asks for by a member `usual_queue()`, as work on other machines does; else 100 a
  /// worker to begin with. Where item and result are trivially copyable, and neither pointers nor
  /// views, it doubles when a worker has nothing to do because it is full, up to 8 MiB by their
  /// `sizeof`. It does not for asynchronous work, nor with `retry.backoff`: there it says how many
  /// items may wait at once.
  std::size_t queue = 0;

  /// Bytes in flight: the sum of the weights that `weighed` gives to items, spawned ones aside; 0:
  /// no bound. An item that is heavier runs alone. `queue` holds as well. Without weights it throws
  /// `std::invalid_argument`.
  std::size_t memory = 0;

  /// Order of the collector's calls. `input` costs a few nanoseconds an item. No effect with
  /// `reduce`.
  ordering order = ordering::completion;

  /// What a failed item does to the rest. Collectors that see results alone behave as under `stop`.
  failure_policy on_failure = failure_policy::keep_going;

  /// Further attempts for failed items.
  retry_policy retry = retry_policy();  // g++ 12 warns users falsely at -O3 where this is `= {}`

  /// Time for one attempt, 0: none. Cooperative: work watches `context::stop_token` or `deadline`;
  /// an attempt that ends later is a failure of kind `timeout`, whatever it returned. Costs two
  /// clock readings an attempt.
  time_span timeout = {};

  /// Requesting it ends the run: no further generator call, started attempts finish, the rest
  /// arrives as `cancelled`. Under `ordering::input` so does all that is behind the first such
  /// item: what a collector of results has seen is a prefix of the input.
  std::stop_token stop = {};

  /// Called by one thread at a time (a thread of its own, started only where this is set), at most
  /// once per `progress_every`, and once at the end, on the calling thread. An exception from it
  /// ends the run.
  std::function<void(const progress&)> on_progress = {};

  /// Least time between two calls of `on_progress`; below a millisecond counts as one.
  time_span progress_every = std::chrono::milliseconds(100);

  /// How many items there will be, for `progress::total` and its estimate; sized ranges fill it.
  std::optional<std::uint64_t> total = {};

  /// Who calls the generator. No effect with `split`, which has no generator calls.
  runs_on generator_runs_on = runs_on::workers;

  /// Who calls the collector. No effect with `reduce`, whose folds run on all workers. With
  /// `caller`, a generator that is left to the workers gets a thread of its own: the caller must
  /// not be held up in it.
  runs_on collector_runs_on = runs_on::workers;

  /// Whose threads help the caller; null: the pool this thread works for, else the shared default
  /// pool.
  pool* run_on = nullptr;

  /// Records the run for a trace and a report (`<parwork/recorder.hpp>`); null: nothing, at no
  /// cost. Throws `std::logic_error` where it records another run.
  recorder* record = nullptr;

  /// Pauses, resumes and resizes the run (`<parwork/run_control.hpp>`); null: nobody does. Throws
  /// `std::logic_error` where it controls another run. Costs some 100 KB for workers that may come.
  run_control* control = nullptr;
};

}  // namespace parwork
