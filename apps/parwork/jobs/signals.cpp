#include "jobs/signals.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

#include "support/awake_clock.hpp"
#include "support/error.hpp"
#include "support/status.hpp"

namespace cli {
namespace {

// Between a second signal and the end of this process, whatever it waits for.
constexpr timespec last_patience{2, 0};

bool is_ignored(int number) {
  struct sigaction now{};
  return sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

// Returns what it did before.
void (*ignore(int number))(int) {
  struct sigaction before{};
  sigaction(number, nullptr, &before);
  std::signal(number, SIG_IGN);
  return before.sa_handler;
}

// A signal that the caller ignores, as nohup does, stays so, for the jobs as well: it is not waited
// for. A blocked one would arrive all the same.
sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP}) {
    if (!is_ignored(number)) sigaddset(&set, number);
  }
  sigaddset(&set, SIGUSR2);  // our own: it ends the watcher
  return set;
}

// Reads as empty. Without /dev, as in a bare chroot, a pipe that nobody writes to does the same.
int open_nothing() {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0) return null;
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) throw system_error("no pipe can be made", errno);
  close(ends[1]);
  return ends[0];
}

// A descriptor opened later must not become standard output. What is written to a missing stream
// fails, as it should.
void open_missing_streams() {
  for (int stream = 0; stream <= STDERR_FILENO; ++stream) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    const int nothing = open_nothing();
    if (nothing != stream) throw error("a missing standard stream cannot be opened");
    fcntl(stream, F_SETFD, 0);
  }
}

}  // namespace

process_state prepare_process(terminal_use terminal) {
  process_state inherited;
  open_missing_streams();
  inherited.no_input = open_nothing();
  inherited.on_pipe = ignore(SIGPIPE);
  inherited.on_large_file = ignore(SIGXFSZ);
  std::signal(SIGCHLD, SIG_DFL);  // ignored, the jobs' statuses would be lost
  sigset_t blocked = watched_signals();
  sigaddset(&blocked, SIGCHLD);
  if (terminal == terminal_use::lent) sigaddset(&blocked, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &blocked, &inherited.mask);
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

void signal_watcher::took(int number) {
  int none = 0;
  received_.compare_exchange_strong(none, number);
  actions_.end(number);
}

void signal_watcher::take(int number) {
  if (number == SIGUSR2) return;
  if (number == SIGTSTP) {
    stop_here();
  } else if (received_ == 0 && number != SIGQUIT) {
    received_ = number;
    actions_.end(number);
  } else {
    if (received_ == 0) received_ = number;
    killed_ = true;
    actions_.kill();
  }
}

// As the signal would have stopped it; the jobs have groups of their own and are told apart.
void signal_watcher::stop_here() {
  actions_.suspend();
  awake_clock::stand_still();
  raise(SIGSTOP);
  awake_clock::go_on();
  actions_.resume();
}

}  // namespace cli
