// How a lane ends its jobs: by order, by time, or because they were stopped.
#include <algorithm>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "jobs/lane.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;

void name_daemons(output_writer& writer, const job& which, const job_processes& processes) {
  for (const daemon_process& each : processes.daemons) {
    writer.say("parwork: " + which.name() + " (job " + std::to_string(which.sequence) +
               ") has started a daemon, which is left: " + each.name + " (process " +
               std::to_string(each.id.pid) + ")\n");
  }
}

void say_cut_off(output_writer& writer, const job& which) {
  writer.say("parwork: " + which.name() + " (job " + std::to_string(which.sequence) +
             ") has ended, and a process that it left still holds its output: what that writes is "
             "lost\n");
}

}  // namespace

// Those of them that run.
void lane::end(std::span<attempt* const> which, cause why) {
  std::vector<job_processes*> all;
  for (attempt* const each : which) {
    if (each->now != phase::running) continue;
    each->now = phase::ending;
    each->result.why = why;
    all.push_back(&each->processes);
  }
  if (all.empty()) return;
  starter_->end(all);
  const auto kill_at = clock::now() + parts_.settings.grace;
  for (attempt* const each : which) {
    if (each->now != phase::ending || each->kill_at != clock::time_point()) continue;
    each->kill_at = kill_at;
    timers_.set(each->number, kill_at);
    if (parts_.settings.verbose) name_daemons(parts_.writer, each->which, each->processes);
  }
}

void lane::kill(std::span<attempt* const> which) {
  std::vector<job_processes*> all;
  for (attempt* const each : which) {
    if (each->now == phase::draining) {
      if (!parts_.settings.quiet && !std::exchange(said_cut_off_, true)) {
        say_cut_off(parts_.writer, each->which);
      }
      finish(*each);
      continue;
    }
    each->now = phase::killed;
    timers_.clear(each->number);
    all.push_back(&each->processes);
  }
  if (!all.empty()) starter_->kill(all);
}

std::vector<lane::attempt*> lane::unfinished() const {
  std::vector<attempt*> all;
  for (const auto& [number, each] : running_) {
    if (!each->over) all.push_back(each.get());
  }
  return all;
}

void lane::obey() {
  if (const auto why = parts_.ending.ends_for()) end(unfinished(), *why);
  if (parts_.ending.kills() && !killed_all_) {
    kill(unfinished());
    left_behind_.kill_now();
    killed_all_ = true;
  }
  const std::uint64_t yielding = parts_.yields != nullptr ? parts_.yields->chosen() : 0;
  if (yielding != 0) {
    std::vector<attempt*> chosen = unfinished();
    std::erase_if(chosen, [yielding](const attempt* each) { return each->yielding != yielding; });
    end(chosen, cause::memory);
  }
  obey_signal();
}

void lane::obey_signal() {
  const signal_order order = parts_.ending.last_signal();
  if (order.number == signal_obeyed_) return;
  signal_obeyed_ = order.number;
  for (const attempt* const each : unfinished()) {
    if (each->now == phase::draining) continue;
    if (parts_.terminal != nullptr && order.signal == SIGCONT) {
      parts_.terminal->lend_again(each->pid);
    }
    starter_->signal_group(each->pid, order.signal);
  }
  parts_.ending.obeyed(signal_obeyed_);
}

void lane::run_timers() {
  std::vector<attempt*> late;
  std::vector<attempt*> stuck;
  std::vector<attempt*> stubborn;
  for (const std::uint64_t number : timers_.take_due(clock::now())) {
    attempt& due = *running_.at(number);
    if (due.now != phase::running) {
      stubborn.push_back(&due);  // or it is draining
    } else {
      (due.is_stuck ? stuck : late).push_back(&due);
    }
  }
  end(late, cause::timeout);
  end(stuck, cause::signal);
  kill(stubborn);
}

void lane::look_for_stopped() {
  const std::uint64_t stops = parts_.stops;
  if (!has_terminal_ || stops == stops_seen_) return;
  stops_seen_ = stops;
  for (attempt* const each : unfinished()) {
    if (each->now != phase::running) continue;
    if (const int number = starter_->stopped_by(each->process.get())) note_stop(*each, number);
  }
}

// A job is in no foreground group: the kernel stops one that asks the terminal for something.
// Where nobody lets it go on within the grace, it is ended. One that has the terminal was stopped
// by Ctrl-Z, or wants to be in front again: then so is the tool.
void lane::note_stop(attempt& which, int number) {
  if (parts_.terminal != nullptr) {
    if (number == SIGCONT || number == SIGSTOP) return;
    parts_.terminal->take_from_stopped();
    ::kill(0, SIGTSTP);
    return;
  }
  const bool was_stuck = std::exchange(which.is_stuck, number == SIGTTIN || number == SIGTTOU);
  if (which.is_stuck == was_stuck) return;
  const auto timeout = parts_.settings.timeout;
  const auto late = timeout > 0ns ? which.begin + timeout : clock::time_point::max();
  if (!which.is_stuck) {
    timers_.clear(which.number);
    which.result.message.clear();
    if (timeout > 0ns) timers_.set(which.number, late);
    return;
  }
  timers_.set(which.number, std::min(late, clock::now() + parts_.settings.grace));
  which.result.message = "it wanted the terminal, which jobs have with --tty alone";
  parts_.writer.say("parwork: " + which.which.name() + " (job " +
                    std::to_string(which.which.sequence) +
                    ") wants the terminal, which jobs have with --tty alone: it is ended after "
                    "the grace\n");
}

}  // namespace cli
