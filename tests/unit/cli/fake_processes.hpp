// Processes that are none: job running is tried with them in one process, by state and not by time.
//
// Thread safety: every function may be called by any thread.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "jobs/process_starter.hpp"

namespace cli_test {

/// How a process that is told to start behaves.
struct behaviour {
  int fault = 0;                             // it cannot be started
  std::optional<cli::process_end> end = {};  // it ends at once; else when told to or by a signal
  int ends_by = SIGTERM;                     // the signal that ends it; KILL always does
};

class fake_processes {
 public:
  using script = std::function<behaviour(const std::vector<std::string>& arguments)>;

  explicit fake_processes(script what) : script_(std::move(what)) {}

  cli::starter_factory factory() {
    return [this] { return std::make_unique<starter>(*this); };
  }

  /// Ends a process by its last argument, as soon as it runs.
  void end(const std::string& item, cli::process_end how = {}) {
    std::unique_lock lock(mutex_);
    process* which = nullptr;
    changed_.wait(lock, [&] { return (which = find(item)) != nullptr; });
    end(*which, how);
  }

  /// Waits until so many run.
  void wait_until_running(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return alive() == count; });
  }

  /// The last arguments of what was started, in order.
  std::vector<std::string> started() const {
    const std::lock_guard lock(mutex_);
    return started_;
  }
  std::size_t most_at_once() const {
    const std::lock_guard lock(mutex_);
    return most_;
  }

  /// Signals in the order in which they were sent.
  std::vector<int> signals() const {
    const std::lock_guard lock(mutex_);
    return signals_;
  }

 private:
  struct process {
    std::string item;
    int event = -1;
    int ends_by = SIGTERM;
    bool over = false;
    cli::process_end how = {};
  };

  class starter : public cli::process_starter {
   public:
    explicit starter(fake_processes& all) : all_(all) {}
    cli::launched start(const std::vector<std::string>& arguments, char* const* /*environment*/,
                        const cli::process_streams& /*streams*/) override {
      return all_.start(arguments);
    }
    bool take_end(int pidfd, cli::process_end& end) override { return all_.take_end(pidfd, end); }
    int stopped_by(int /*pidfd*/) noexcept override { return 0; }
    void signal_group(pid_t group, int number) noexcept override { all_.signal(group, number); }
    void end(std::span<cli::job_processes* const> jobs) noexcept override {
      for (const cli::job_processes* each : jobs) {
        for (const int number : {SIGTERM, SIGCONT}) all_.signal(each->group, number);
      }
    }
    void kill(std::span<cli::job_processes* const> jobs) noexcept override {
      for (const cli::job_processes* each : jobs) all_.signal(each->group, SIGKILL);
    }
    void look(std::span<cli::job_processes* const> jobs) noexcept override {
      for (cli::job_processes* each : jobs) each->is_alive = false;
    }

   private:
    fake_processes& all_;
  };

  cli::launched start(const std::vector<std::string>& arguments) {
    const behaviour how = script_(arguments);
    const std::lock_guard lock(mutex_);
    if (how.fault != 0) return {.fault = how.fault};
    started_.push_back(arguments.back());
    const pid_t pid = next_pid_++;
    process& fresh = running_[pid];
    fresh.item = arguments.back();
    fresh.event = eventfd(0, EFD_CLOEXEC);
    fresh.ends_by = how.ends_by;
    most_ = std::max(most_, alive());
    if (how.end) end(fresh, *how.end);
    changed_.notify_all();
    return {.pid = pid, .pidfd = fresh.event};
  }

  // REQUIRES, here and in the next two: the mutex is held.
  process* find(const std::string& item) {
    for (auto& [pid, each] : running_) {
      if (each.item == item && !each.over) return &each;
    }
    return nullptr;
  }
  void end(process& which, cli::process_end how) {
    if (which.over) return;
    which.over = true;
    which.how = how;
    const std::uint64_t one = 1;
    static_cast<void>(!write(which.event, &one, sizeof one));
    changed_.notify_all();
  }
  std::size_t alive() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(running_, [](const auto& each) { return !each.second.over; }));
  }

  bool take_end(int pidfd, cli::process_end& how) {
    const std::lock_guard lock(mutex_);
    for (auto each = running_.begin(); each != running_.end(); ++each) {
      if (each->second.event != pidfd || !each->second.over) continue;
      how = each->second.how;
      running_.erase(each);
      return true;
    }
    return false;
  }

  void signal(pid_t group, int number) {
    const std::lock_guard lock(mutex_);
    signals_.push_back(number);
    const auto found = running_.find(group);
    if (found == running_.end()) return;
    if (number == found->second.ends_by || number == SIGKILL) end(found->second, {0, number});
    changed_.notify_all();
  }

  const script script_;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::map<pid_t, process> running_;
  std::vector<std::string> started_;
  std::vector<int> signals_;
  std::size_t most_ = 0;
  pid_t next_pid_ = 1'000'000'000;  // none that the system gives
};

}  // namespace cli_test
