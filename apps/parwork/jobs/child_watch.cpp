#include "jobs/child_watch.hpp"

#include <pthread.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <thread>

#include "support/mutex.hpp"

namespace cli {
namespace {

// Jobs that end in the meantime are no reason to wake again.
constexpr auto pause_after_a_look = std::chrono::milliseconds(100);

// Whether work is done; its end wakes the watching thread by SIGCHLD, or from its pause.
class work_end {
 public:
  void tell(pthread_t watching) CLI_EXCLUDES(mutex_) {
    const mutex_lock lock(mutex_);
    over_ = true;
    changed_.notify_all();
    pthread_kill(watching, SIGCHLD);
  }

  [[nodiscard]] bool comes_within(std::chrono::milliseconds time) CLI_EXCLUDES(mutex_) {
    const mutex_lock lock(mutex_);
    if (!over_) changed_.wait_for(mutex_, time);
    return over_;
  }

 private:
  mutex mutex_;
  condition changed_;
  bool over_ CLI_GUARDED_BY(mutex_) = false;
};

// This thread's own are those that were adopted.
void take_adopted_ends() {
  siginfo_t info{};
  while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WNOTHREAD) == 0 && info.si_pid != 0) {
    info.si_pid = 0;
  }
}

bool any_was_stopped() {
  siginfo_t info{};
  const int asked = waitid(P_ALL, 0, &info, WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT);
  return asked == 0 && info.si_pid != 0;
}

}  // namespace

int watch_children_during(const std::function<int()>& work, const std::function<void()>& stopped) {
  work_end end;
  int result = 0;
  std::exception_ptr thrown;
  const pthread_t watching = pthread_self();
  std::thread worker([&] {
    try {
      result = work();
    } catch (...) {
      thrown = std::current_exception();
    }
    end.tell(watching);
  });
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  do {
    int number = 0;
    sigwait(&children, &number);
    take_adopted_ends();
    if (any_was_stopped()) stopped();
  } while (!end.comes_within(pause_after_a_look));
  worker.join();
  take_adopted_ends();
  if (thrown) std::rethrow_exception(thrown);
  return result;
}

}  // namespace cli
