// `parwork worker`: runs the commands of others.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

#include "cluster/cluster.hpp"
#include "cluster/connection.hpp"
#include "jobs/child_watch.hpp"
#include "jobs/process_trees.hpp"
#include "jobs/signals.hpp"
#include "parwork/cpus.hpp"
#include "parwork/nats.hpp"
#include "parwork/nats_worker.hpp"
#include "parwork/parwork.hpp"
#include "record/run_log.hpp"
#include "remote/served_command.hpp"
#include "support/status.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;

// So long a thread waits that has refused a job of a run before: others get the next ones.
constexpr auto after_a_refusal = 500ms;

// Runs whose jobs cannot be run here.
class refused_runs {
 public:
  // False where the run is met for the first time.
  bool add(std::uint64_t run) {
    const std::lock_guard lock(mutex_);
    return !runs_.insert(run).second;
  }

 private:
  std::mutex mutex_;
  std::set<std::uint64_t> runs_;  // 8 bytes and a node for each run
};

void wait_unless_stopped(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, time, [] { return false; });
}

class command_worker {
 public:
  command_worker(const worker_settings& settings, const std::vector<std::string>& arguments)
      : inherited_(prepare_process(terminal_use::none)),
        who_{name_of_host(), name_of_host() + '/' + std::to_string(getpid())},
        log_(settings.log.empty() ? std::make_unique<run_log>()
                                  : std::make_unique<run_log>(settings.log, writer_)),
        settings_(settings),
        arguments_(arguments) {}

  int run() {
    adopt_orphans();
    return watch_children_during([this] { return serve(); }, [] {});
  }

 private:
  int serve() {
    const unsigned threads =
        settings_.workers != 0 ? settings_.workers : std::max(parwork::available_cpus(), 1U);
    parwork::nats::worker_options options;
    options.url = settings_.url;
    options.login = credentials_of(settings_.login);
    options.tls = tls_of(settings_.login);
    options.workers = threads;
    options.labels = settings_.labels;
    options.idle_exit = settings_.idle_exit;
    std::stop_source stop;
    parwork::nats::worker worker(options);
    const signal_watcher signals({[&](int) { stop.request_stop(); },
                                  [&] { parwork::nats::detail::leave_at_once(worker); }, [] {},
                                  [] {}});
    worker.serve<remote_job, remote_outcome>(
        command_work,
        parwork::per_worker(
            [this] {
              return std::make_unique<served_command>(
                  inherited_, who_, [this](const remote_job& which, const remote_outcome& begun) {
                    log_begin(which, begun);
                  });
            },
            [this](const std::unique_ptr<served_command>& commands, const remote_job& which,
                   parwork::context& about) { return run_job(*commands, which, about); }));
    log_->run_begins(arguments_, {threads, false}, 0);
    worker.run(stop.get_token());
    return signals.received() != 0 ? status::by_signal + signals.received() : status::success;
  }

  remote_outcome run_job(served_command& commands, const remote_job& which,
                         parwork::context& about) {
    const std::stop_token stop = about.stop_token();
    remote_outcome ended = commands.run(which, about.worker() + 1, stop);
    if (ended.not_here && refused_.add(which.run)) wait_unless_stopped(stop, after_a_refusal);
    log_end(which, ended);
    return ended;
  }

  // --- the log ---

  static job job_of(const remote_job& which) {
    job told;
    told.sequence = which.sequence;
    told.items = which.arguments;
    told.is_over = true;  // its output is the submitter's
    return told;
  }

  static outcome outcome_of(const remote_job& which, const remote_outcome& from) {
    outcome told{from};
    told.host.clear();  // its own
    told.attempt = which.attempt;
    told.out_bytes = from.out.size();
    told.err_bytes = from.err.size();
    return told;
  }

  // A log that cannot be written ends nobody's job.
  void guarded(const auto& action) noexcept {
    try {
      action();
    } catch (const std::exception& fault) {
      if (!log_is_broken_.exchange(true)) {
        writer_.say(std::string("parwork: ") + fault.what() + '\n');
      }
    }
  }
  void log_begin(const remote_job& which, const remote_outcome& begun) {
    if (!log_->is_on()) return;
    guarded([&] { log_->attempt_begins(job_of(which), outcome_of(which, begun)); });
  }
  void log_end(const remote_job& which, const remote_outcome& ended) {
    if (!log_->is_on()) return;
    guarded([&] {
      log_->attempt_ended(job_of(which), outcome_of(which, ended), output_in_log::left_out);
    });
  }

  const process_state inherited_;
  const served_by who_;
  output_writer writer_;
  const std::unique_ptr<run_log> log_;
  const worker_settings& settings_;
  const std::vector<std::string>& arguments_;
  refused_runs refused_;
  std::atomic<bool> log_is_broken_ = false;
};

}  // namespace

int serve_commands(const worker_settings& settings, const std::vector<std::string>& arguments) {
  return command_worker(settings, arguments).run();
}

}  // namespace cli
