#include "jobs/signals.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

#include "support/error.hpp"
#include "support/status.hpp"

namespace cli {
namespace {

// Between a second signal and the end of this process, whatever it waits for.
constexpr timespec last_patience{2, 0};

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGUSR2}) sigaddset(&set, number);
  return set;
}

// A descriptor opened later must not become standard output. What is written to a missing stream
// fails, as it should.
void open_missing_streams() {
  for (int stream = 0; stream <= STDERR_FILENO; ++stream) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    if (open("/dev/null", O_RDONLY) != stream) throw error("/dev/null cannot be opened");
  }
}

}  // namespace

process_state prepare_process() {
  process_state inherited;
  open_missing_streams();
  inherited.no_input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (inherited.no_input < 0) throw error("/dev/null cannot be opened");
  struct sigaction pipe{};
  sigaction(SIGPIPE, nullptr, &pipe);
  inherited.on_pipe = pipe.sa_handler;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // ignored, the jobs' statuses would be lost
  const sigset_t watched = watched_signals();
  pthread_sigmask(SIG_BLOCK, &watched, &inherited.mask);
  getrlimit(RLIMIT_NOFILE, &inherited.files);
  rlimit raised = inherited.files;
  raised.rlim_cur = raised.rlim_max;
  setrlimit(RLIMIT_NOFILE, &raised);
  return inherited;
}

signal_watcher::signal_watcher(signal_actions actions)
    : actions_(std::move(actions)), thread_([this] { watch(); }) {}

signal_watcher::~signal_watcher() {
  over_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

void signal_watcher::watch() {
  const sigset_t watched = watched_signals();
  while (!over_) {
    int number = 0;
    if (received_ != 0 && killed_) {
      number = sigtimedwait(&watched, nullptr, &last_patience);
      if (number < 0 && errno == EAGAIN && !over_) _exit(status::by_signal + received_);
    } else {
      number = sigwaitinfo(&watched, nullptr);
    }
    if (number > 0 && !over_) take(number);
  }
}

void signal_watcher::take(int number) {
  if (number == SIGUSR2) return;
  if (number == SIGTSTP) {
    stop_here();
  } else if (received_ == 0) {
    received_ = number;
    actions_.end(number);
  } else {
    killed_ = true;
    actions_.kill();
  }
}

// As the signal would have stopped it; the jobs have groups of their own and are told apart.
void signal_watcher::stop_here() {
  actions_.suspend();
  raise(SIGSTOP);
  actions_.resume();
}

}  // namespace cli
