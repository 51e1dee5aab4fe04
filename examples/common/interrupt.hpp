// Ctrl-C as a stop token, for programs that end with a summary of what was done.
//
// Thread safety: the members may be called from any thread. Construct it first thing in main: only
// threads that start later keep SIGINT blocked, and only then does it reach the waiting thread.
//
// Invariants:
// 1. No code of the program runs inside a signal handler: a thread of its own takes SIGINT from
//    sigwait, so requesting the stop may lock and allocate, and no system call is interrupted.
// 2. The second Ctrl-C kills: the first may be waiting for an item that never ends.
#pragma once

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <initializer_list>
#include <stop_token>
#include <thread>

namespace examples {

class interrupt {
 public:
  interrupt() {
    const sigset_t both = set_of({SIGINT, leave_signal});
    const sigset_t leave = set_of({leave_signal});
    pthread_sigmask(SIG_BLOCK, &both, &old_mask_);
    thread_ = std::thread([this] { wait(); });
    // The thread above has its copy of the mask: nobody else needs this one blocked.
    if (sigismember(&old_mask_, leave_signal) == 0) pthread_sigmask(SIG_UNBLOCK, &leave, nullptr);
  }

  ~interrupt() {
    pthread_kill(thread_.native_handle(), leave_signal);
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }

  interrupt(const interrupt&) = delete;
  interrupt& operator=(const interrupt&) = delete;

  /// A stop is requested on it at the first Ctrl-C. Programs may request one for their own reasons.
  std::stop_source& source() noexcept { return source_; }

  std::stop_token token() const noexcept { return source_.get_token(); }

  /// Whether it was Ctrl-C that requested the stop.
  bool happened() const noexcept { return happened_.load(); }

 private:
  /// Directed at the waiting thread alone, by the destructor.
  static constexpr int leave_signal = SIGUSR1;

  static sigset_t set_of(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    return set;
  }

  void wait() {
    const sigset_t both = set_of({SIGINT, leave_signal});
    const sigset_t interrupt_only = set_of({SIGINT});
    const sigset_t leave = set_of({leave_signal});
    int signal = 0;
    if (sigwait(&both, &signal) != 0 || signal == leave_signal) return;
    happened_.store(true);
    pthread_sigmask(SIG_UNBLOCK, &interrupt_only, nullptr);
    source_.request_stop();
    sigwait(&leave, &signal);
  }

  std::stop_source source_;
  std::atomic<bool> happened_ = false;
  sigset_t old_mask_{};
  std::thread thread_;
};

}  // namespace examples
