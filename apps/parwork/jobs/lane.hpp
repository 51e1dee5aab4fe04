// A thread that starts processes and watches those that it has started.
//
// It asks the queue for jobs, tells the ledger of their ends, and does what the run's ending
// orders. It knows nothing of who made it. Thread safety: all but its making and its end is its own
// thread's.
//
// Invariant: it ends after every process that it started, and after the run's ending was closed.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "jobs/command_template.hpp"
#include "jobs/job_feed.hpp"
#include "jobs/job_queue.hpp"
#include "jobs/job_terminal.hpp"
#include "jobs/lane_loads.hpp"
#include "jobs/launch.hpp"
#include "jobs/left_behind.hpp"
#include "jobs/process_starter.hpp"
#include "jobs/run_ending.hpp"
#include "jobs/run_ledger.hpp"
#include "jobs/timers.hpp"
#include "jobs/yielding.hpp"
#include "options/settings.hpp"
#include "output/job_output.hpp"
#include "record/results_folder.hpp"
#include "support/awake_clock.hpp"
#include "support/descriptor.hpp"

namespace cli {

/// What all lanes of a run share.
struct lane_parts {
  const run_settings& settings;
  const command_template& command;
  output_store& store;
  output_writer& writer;
  live_output& live;
  job_queue& queue;
  lane_loads& loads;
  run_ledger& ledger;
  run_ending& ending;
  std::uint64_t run;                            // PARWORK_RUN
  const results_folder* results;                // null: none is wanted
  yielding* yields;                             // null: no attempt does
  job_terminal* terminal;                       // null: jobs have none
  const std::function<void(int)>& interrupted;  // by a key that was typed for a job
  const std::atomic<std::uint64_t>& stops;      // how often jobs may have been stopped
};

class lane {
 public:
  lane(const lane_parts& parts, std::unique_ptr<process_starter> starter);
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;
  ~lane() { thread_.join(); }

 private:
  using clock = awake_clock;
  struct attempt;

  // What an event is about: `data` says it as a number, by ticket_of. Not by a pointer: a file that
  // was closed here tells of itself as long as a child of another lane, on its way to exec, has it.
  enum class source : std::uint8_t { process, out, err, in };
  // Draining: its process has ended, and another one still holds its output.
  enum class phase : std::uint8_t { running, ending, killed, draining };

  struct attempt {
    attempt(std::uint64_t number, waiting_job waiting, const lane_parts& parts, unsigned slot,
            attempt_kind kind);

    const std::uint64_t number;  // from 1, in the order in which the lane started them
    job& which;
    parwork::completer<outcome> done;
    const attempt_kind kind;
    job_output output;
    job_results results;
    bool lost_results = false;  // they could not be written, which ends the run
    outcome result;
    std::string program;  // what it starts
    clock::time_point begin;
    clock::time_point kill_at;  // of phase::ending
    phase now = phase::running;
    bool over = false;
    bool given_back = false;     // its job waits again
    bool is_stuck = false;       // it was stopped for wanting the terminal
    std::uint64_t yielding = 0;  // its number there; 0: none
    pid_t pid = -1;
    job_processes processes;
    descriptor process, out, err;
    job_feed feed;  // of a block
  };

  static std::uint64_t ticket_of(const attempt& which, source from);
  void run();
  void guarded(const auto& action) noexcept;
  void start_jobs();
  std::optional<assignment> next_job();
  [[nodiscard]] bool start(assignment next);
  [[nodiscard]] bool has_ended();
  int launch(attempt& fresh);
  [[nodiscard]] int begin_feed(attempt& fresh, descriptor& in);
  [[nodiscard]] int begin_results(attempt& fresh);
  void lose_results(attempt& which, int fault);
  void keep_results(attempt& ended);
  void fail_to_start(attempt& fresh, int fault);
  void watch_for(attempt& which, source from, int descriptor);
  void obey();
  void obey_signal();
  void wait();
  void handle(const epoll_event& event);
  void feed(attempt& which);
  void drain(attempt& which, source from);
  void read_some(attempt& which, source from, std::size_t most);
  void reap(attempt& which);
  void finish(attempt& which);
  void give_back(attempt& which);
  void note_end(attempt& which);
  void end(std::span<attempt* const> which, cause why);
  void kill(std::span<attempt* const> which);
  [[nodiscard]] std::vector<attempt*> unfinished() const;
  void run_timers();
  void look_for_stopped();
  void note_stop(attempt& which, int number);
  void deliver_ended();
  void deliver(attempt& ended);
  [[nodiscard]] int milliseconds_to_wait() const;
  [[nodiscard]] bool starved_for_good() const;
  [[nodiscard]] run_state state() const noexcept;

  const lane_parts& parts_;
  const std::size_t number_;  // in parts_.loads
  wake_up& wake_;
  const std::unique_ptr<process_starter> starter_;
  job_environment environment_;
  descriptor epoll_;
  std::vector<char> buffer_;
  std::uint64_t attempts_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<attempt>> running_;  // by number
  std::vector<std::uint64_t> over_;  // of running_: forgotten when nobody goes through it
  timers timers_;                    // by number
  left_behind left_behind_;
  bool killed_all_ = false;
  bool said_cut_off_ = false;
  const bool has_terminal_;
  std::uint64_t stops_seen_ = 0;              // of parts_.stops
  std::uint64_t signal_obeyed_;               // the last order
  std::optional<clock::time_point> starved_;  // since when nothing can be started, and nothing runs
  std::thread thread_;                        // last: it uses the rest
};

}  // namespace cli
