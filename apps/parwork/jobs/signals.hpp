// Signals of the whole process, taken by one thread.
//
// Thread safety: the watcher's callbacks come from its thread, one at a time, but for `took`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "jobs/launch.hpp"

namespace cli {

/// Blocks the signals that end or stop a run, and SIGCHLD, in this thread and those that it starts,
/// ignores SIGPIPE and SIGXFSZ, opens missing standard streams, raises the limit of open files.
/// Returns what jobs are to get instead. Call it before any thread is started.
/// `terminal`: lent ones are taken back, for which SIGTTOU is blocked, too.
enum class terminal_use : std::uint8_t { none, lent };
[[nodiscard]] process_state prepare_process(terminal_use terminal);

/// What to do on signals.
struct signal_actions {
  std::function<void(int)> end;   // the first INT, TERM or HUP
  std::function<void()> kill;     // the second one, or QUIT
  std::function<void()> suspend;  // before this process is stopped
  std::function<void()> resume;   // after it was continued
};

class signal_watcher {
 public:
  explicit signal_watcher(signal_actions actions);
  signal_watcher(const signal_watcher&) = delete;
  signal_watcher& operator=(const signal_watcher&) = delete;
  ~signal_watcher();

  /// As if this process had got that signal: for one that a job got because it had the terminal.
  /// By any thread; `end` is called by it.
  void took(int number);

  /// The first signal that ended the run, or 0.
  [[nodiscard]] int received() const noexcept { return received_; }

 private:
  void watch();
  void take(int number);
  void stop_here();

  const signal_actions actions_;
  std::atomic<int> received_ = 0;
  bool killed_ = false;  // the thread's own
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace cli
