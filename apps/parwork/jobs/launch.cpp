#include "jobs/launch.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

#include "support/status.hpp"

// The sanitizers may not notice the child: it shares their tables. The thread sanitizer takes clone
// for a fork, and would forget about the threads of this process; the other name of the C library
// for it goes past that.
#define PARWORK_IN_CHILD __attribute__((no_sanitize("address", "thread", "undefined")))
#ifdef __SANITIZE_THREAD__
#define PARWORK_CLONE __clone
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument,
                       ...) noexcept;
#else
#define PARWORK_CLONE clone
#endif

namespace cli {
namespace {

constexpr std::size_t stack_size = std::size_t{64} * 1024;

// What the child needs, on the stack of the thread that waits for it.
struct plan {
  const char* path;
  char* const* arguments;  // behind a place that is free for a shell
  char* const* environment;
  int in, out, err, terminal, folder;
  pid_t parent;
  const process_state* inherited;
  int fault;
};

// Raw system calls: the child shares this process's memory until exec, so nothing of the C library
// or of a sanitizer may notice that it exists.
PARWORK_IN_CHILD long call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  return syscall(number, a, b, c, d);
}

template <class Pointee>
PARWORK_IN_CHILD long address(Pointee* pointer) {
  return reinterpret_cast<long>(pointer);
}

// As the kernel takes them: sigaction of the C library is another one.
constexpr long kernel_mask_size = 8;
struct kernel_action {
  void (*handler)(int);
  unsigned long flags;
  void* restorer;
  std::uint64_t mask;
};

PARWORK_IN_CHILD void reset_signals(const process_state& inherited) {
  const kernel_action on_pipe{inherited.on_pipe, 0, nullptr, 0};
  call(SYS_rt_sigaction, SIGPIPE, address(&on_pipe), 0, kernel_mask_size);
  const kernel_action on_large_file{inherited.on_large_file, 0, nullptr, 0};
  call(SYS_rt_sigaction, SIGXFSZ, address(&on_large_file), 0, kernel_mask_size);
  call(SYS_rt_sigprocmask, SIG_SETMASK, address(&inherited.mask), 0, kernel_mask_size);
}

// A script without "#!" is the shell's, as with execvp(3).
PARWORK_IN_CHILD void execute(plan& wanted) {
  call(SYS_execve, address(wanted.path), address(wanted.arguments), address(wanted.environment));
  if (errno != ENOEXEC) return;
  const auto shell = const_cast<char**>(wanted.arguments) - 1;
  static char name[] = "/bin/sh";
  shell[0] = name;
  shell[1] = const_cast<char*>(wanted.path);
  call(SYS_execve, address(name), address(shell), address(wanted.environment));
}

PARWORK_IN_CHILD int in_child(void* argument) {
  plan& wanted = *static_cast<plan*>(argument);
  const process_state& inherited = *wanted.inherited;
  call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (call(SYS_getppid) != wanted.parent) call(SYS_exit_group, 1);  // it has died before that
  call(SYS_setpgid, 0, 0);
  if (wanted.terminal >= 0) {  // SIGTTOU is blocked
    const auto group = static_cast<pid_t>(call(SYS_getpid));
    call(SYS_ioctl, wanted.terminal, TIOCSPGRP, address(&group));
  }
  if (wanted.folder >= 0 && call(SYS_fchdir, wanted.folder) != 0) {
    wanted.fault = errno;
    call(SYS_exit_group, 1);
  }
  call(SYS_dup3, wanted.in, STDIN_FILENO);
  call(SYS_dup3, wanted.out, STDOUT_FILENO);
  call(SYS_dup3, wanted.err, STDERR_FILENO);
  call(SYS_prlimit64, 0, RLIMIT_NOFILE, address(&inherited.files));
  reset_signals(inherited);
  execute(wanted);
  wanted.fault = errno;
  call(SYS_exit_group, 1);
  return 0;
}

bool is_ours(std::string_view variable) {
  return variable.starts_with("PARWORK_SEQ=") || variable.starts_with("PARWORK_SLOT=") ||
         variable.starts_with("PARWORK_ATTEMPT=") || variable.starts_with("PARWORK_RUN=");
}

// 0, or why it cannot be run.
int check_program(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EACCES;
  return access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

}  // namespace

// One of a run within a job on another machine has that job's host.
job_environment::job_environment(std::uint64_t run, const std::string& host) {
  if (!host.empty()) host_ = "PARWORK_HOST=" + host;
  for (char** each = environ; *each != nullptr; ++each) {
    const bool is_replaced =
        is_ours(*each) || (!host.empty() && std::string_view(*each).starts_with("PARWORK_HOST="));
    if (!is_replaced) pointers_.push_back(*each);
  }
  if (!host.empty()) pointers_.push_back(host_.data());
  inherited_ = pointers_.size();
  pointers_.resize(inherited_ + 5, nullptr);
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(run));
  run_ = std::string("PARWORK_RUN=") + hex.data();
}

char* const* job_environment::of(std::uint64_t sequence, unsigned slot, unsigned attempt) {
  sequence_ = "PARWORK_SEQ=" + std::to_string(sequence);
  slot_ = "PARWORK_SLOT=" + std::to_string(slot);
  attempt_ = "PARWORK_ATTEMPT=" + std::to_string(attempt);
  auto at = pointers_.begin() + static_cast<std::ptrdiff_t>(inherited_);
  for (std::string* ours : {&sequence_, &slot_, &attempt_, &run_}) *at++ = ours->data();
  return pointers_.data();
}

process_origin job_environment::origin_of(std::uint64_t sequence, unsigned attempt) const {
  return {sequence, attempt, run_.substr(run_.find('=') + 1)};
}

launcher::launcher(const process_state& inherited, job_reach reach)
    : inherited_(inherited), trees_(reach) {
  stack_ = mmap(nullptr, stack_size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack_ == MAP_FAILED) throw std::bad_alloc();
}

launcher::~launcher() { munmap(stack_, stack_size); }

// A program that is there and may not be run is worse news than none.
int find_program(const std::string& program, std::string& path) {
  int fault = ENOENT;
  const auto found_at = [&](std::string candidate) {
    const int why = check_program(candidate);
    if (why == 0) {
      path = std::move(candidate);
    } else if (why != ENOENT && why != ENOTDIR) {
      fault = why;
    }
    return why == 0;
  };
  if (program.contains('/')) return found_at(program) ? 0 : fault;
  if (program.empty()) return ENOENT;
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  while (true) {
    const std::size_t colon = rest.find(':');
    std::string candidate(rest.substr(0, colon));
    if (!candidate.empty()) candidate += '/';
    candidate += program;
    if (found_at(std::move(candidate))) return 0;
    if (colon == std::string_view::npos) return fault;
    rest.remove_prefix(colon + 1);
  }
}

// Sets path_.
int launcher::resolve(const std::string& program) {
  if (program == program_) return 0;
  const int fault = find_program(program, path_);
  if (fault == 0) program_ = program;
  return fault;
}

launched launcher::start(const std::vector<std::string>& arguments, char* const* environment,
                         const process_streams& streams) {
  for (const std::string& each : arguments) {
    if (each.contains('\0')) return {.fault = EINVAL};
  }
  if (const int fault = resolve(arguments.front()); fault != 0) return {.fault = fault};
  pointers_.assign(1, nullptr);
  for (const std::string& each : arguments) pointers_.push_back(const_cast<char*>(each.c_str()));
  pointers_.push_back(nullptr);
  plan wanted{path_.c_str(),
              pointers_.data() + 1,
              environment,
              streams.in >= 0 ? streams.in : inherited_.no_input,
              streams.out,
              streams.err,
              streams.terminal,
              streams.folder,
              getpid(),
              &inherited_,
              0};
  int pidfd = -1;
  const pid_t pid = PARWORK_CLONE(in_child, static_cast<char*>(stack_) + stack_size,
                                  CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &wanted, &pidfd);
  if (pid < 0) return {.fault = errno};
  if (wanted.fault == 0) return {.pid = pid, .pidfd = pidfd};
  close(pidfd);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (wanted.fault == ENOENT || wanted.fault == EACCES) program_.clear();
  return {.fault = wanted.fault};
}

bool launcher::take_end(int pidfd, process_end& end) {
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) != 0) {
    if (errno == EINTR) return false;
    end.exit = status::not_runnable;  // somebody else has taken it: cannot happen
  } else if (info.si_code == CLD_EXITED) {
    end.exit = info.si_status;
  } else {
    end.signal = info.si_status;
  }
  return true;
}

int launcher::stopped_by(int pidfd) noexcept {
  siginfo_t info{};
  const int asked =
      waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WSTOPPED | WCONTINUED | WNOHANG);
  return asked == 0 && info.si_pid != 0 ? info.si_status : 0;
}

void launcher::signal_group(pid_t group, int number) noexcept { ::kill(-group, number); }

}  // namespace cli
